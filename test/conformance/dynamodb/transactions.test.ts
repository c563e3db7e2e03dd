/** Conformance of DynamoDB: transactions. */
import {
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { behavioursOf, expect, refused } from '../harness.ts';
import { api, guide, key, n, table, VALIDATION, type Item, type TestTable } from './tables.ts';

const behaviour = behavioursOf('dynamodb');
const WRITE = api('TransactWriteItems');
const CANCELED = 'TransactionCanceledException';

const write = ({ client }: TestTable, TransactItems: TransactWriteItem[], ClientRequestToken?: string) =>
  client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
const put = ({ name }: TestTable, item: Item, more: object = {}): TransactWriteItem => ({
  Put: { TableName: name, Item: item, ...more },
});
const add = ({ name }: TestTable, one: number): TransactWriteItem => ({
  Update: {
    TableName: name,
    Key: key('a'),
    UpdateExpression: 'ADD v :one',
    ExpressionAttributeValues: { ':one': n(one) },
  },
});
const ONLY_NEW = { ConditionExpression: 'attribute_not_exists(pk)' };

behaviour('all parts of a transaction happen', WRITE, async (aws) => {
  const subject = await table(aws);
  await subject.put(key('old'));
  await write(subject, [
    put(subject, key('new')),
    add(subject, 1),
    { Delete: { TableName: subject.name, Key: key('old') } },
    { ConditionCheck: { TableName: subject.name, Key: key('none'), ...ONLY_NEW } },
  ]);
  const { items } = await subject.scan({ ConsistentRead: true });
  expect(items.map(({ pk }) => pk?.S ?? '').sort()).toEqual(['a', 'new']);
});

behaviour('one failed condition stops all, with reasons in order', WRITE, async (aws) => {
  const subject = await table(aws);
  await subject.put({ ...key('b'), v: n(1) });
  const parts = [
    put(subject, key('a')),
    put(subject, key('b'), { ...ONLY_NEW, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
  ];
  await expect(write(subject, parts)).rejects.toMatchObject({
    name: CANCELED,
    message:
      'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]',
    CancellationReasons: [
      { Code: 'None' },
      {
        Code: 'ConditionalCheckFailed',
        Message: 'The conditional request failed',
        Item: { ...key('b'), v: n(1) },
      },
    ],
  });
  expect(await subject.get(key('a'))).toBeUndefined();
});

behaviour('an update that can not be applied is a reason too', WRITE, async (aws) => {
  const subject = await table(aws);
  const update = { TableName: subject.name, Key: key('a'), UpdateExpression: 'SET v = gone' };
  await expect(write(subject, [{ Update: update }])).rejects.toMatchObject({
    name: CANCELED,
    CancellationReasons: [{ Code: 'ValidationError' }],
  });
});

behaviour('a failed check stops the rest', WRITE, async (aws) => {
  const subject = await table(aws);
  const check = { TableName: subject.name, Key: key('b'), ConditionExpression: 'attribute_exists(pk)' };
  await refused(write(subject, [put(subject, key('a')), { ConditionCheck: check }]), CANCELED);
  expect(await subject.get(key('a'))).toBeUndefined();
});

behaviour('two operations on one item are refused', WRITE, async (aws) => {
  const subject = await table(aws);
  const { message } = await refused(write(subject, [put(subject, key('a')), add(subject, 1)]), VALIDATION);
  expect(message).toBe('Transaction request cannot include multiple operations on one item');
});

behaviour('100 parts are taken, 101 refused', guide('ServiceQuotas'), async (aws) => {
  const subject = await table(aws);
  const parts = (count: number) =>
    Array.from({ length: count }, (_, index) => put(subject, key(`k${index}`)));
  await write(subject, parts(100));
  await refused(write(subject, parts(101)), VALIDATION);
});

behaviour('over 4 MB is refused', guide('ServiceQuotas'), async (aws) => {
  const subject = await table(aws);
  const parts = Array.from({ length: 11 }, (_, index) =>
    put(subject, { ...key(`k${index}`), v: { S: 'x'.repeat(400_000) } }),
  );
  await refused(write(subject, parts), VALIDATION, CANCELED);
});

behaviour('the same token does it once', guide('transaction-apis'), async (aws) => {
  const subject = await table(aws);
  const token = aws.uniqueName('t').slice(0, 36);
  await write(subject, [add(subject, 1)], token);
  await write(subject, [add(subject, 1)], token);
  expect(await subject.get(key('a'))).toEqual({ ...key('a'), v: n(1) });
});

behaviour('the same token with another request is refused', guide('transaction-apis'), async (aws) => {
  const subject = await table(aws);
  const token = aws.uniqueName('t').slice(0, 36);
  await write(subject, [add(subject, 1)], token);
  await refused(write(subject, [add(subject, 2)], token), 'IdempotentParameterMismatchException');
});

behaviour('a token is forgotten after ten minutes', guide('transaction-apis'), async (aws) => {
  const subject = await table(aws);
  const token = aws.uniqueName('t').slice(0, 36);
  await write(subject, [add(subject, 1)], token);
  await aws.wait(601);
  await write(subject, [add(subject, 2)], token);
  expect(await subject.get(key('a'))).toEqual({ ...key('a'), v: n(3) });
});

behaviour('reads come in order, with an empty answer for nothing', api('TransactGetItems'), async (aws) => {
  const subject = await table(aws);
  await subject.put({ ...key('b'), v: n(1) });
  const get = (pk: string, more: object = {}) => ({
    Get: { TableName: subject.name, Key: key(pk), ...more },
  });
  const { Responses } = await subject.client.send(
    new TransactGetItemsCommand({ TransactItems: [get('a'), get('b', { ProjectionExpression: 'v' })] }),
  );
  expect(Responses?.map(({ Item }) => Item)).toEqual([undefined, { v: n(1) }]);
});
