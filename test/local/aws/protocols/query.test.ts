/** The Query protocol: forms in, XML out, for flattened (SQS) and nested (SNS, STS) shapes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { QueryProtocol } from '../../../../local/aws/context.ts';
import { startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';
import { queryInput } from '../../../../local/aws/protocols/query.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws();
});
afterAll(() => aws.close());

async function post(
  form: Record<string, string>,
  url = aws.endpointUrl,
  headers: Record<string, string> = {},
) {
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
  return { status: response.status, type: response.headers.get('content-type'), xml: await response.text() };
}

function tag(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

async function createQueue(name: string): Promise<string> {
  const { xml } = await post({ Action: 'CreateQueue', Version: '2012-11-05', QueueName: name });
  return tag(xml, 'QueueUrl') ?? '';
}

describe('SQS', () => {
  test('a message goes in and out with attributes, batches and deletes', async () => {
    const url = await createQueue('round-trip');

    const sent = await post(
      {
        Action: 'SendMessage',
        MessageBody: 'a < b & "c"\n',
        'MessageAttribute.1.Name': 'tenant',
        'MessageAttribute.1.Value.DataType': 'String',
        'MessageAttribute.1.Value.StringValue': 't1',
        'MessageSystemAttribute.1.Name': 'AWSTraceHeader',
        'MessageSystemAttribute.1.Value.DataType': 'String',
        'MessageSystemAttribute.1.Value.StringValue': 'Root=1',
      },
      url,
    );
    const received = await post(
      {
        Action: 'ReceiveMessage',
        'AttributeName.1': 'All',
        'MessageAttributeName.1': 'All',
        MaxNumberOfMessages: '10',
        VisibilityTimeout: '60',
      },
      url,
    );
    const deleted = await post(
      {
        Action: 'DeleteMessageBatch',
        'DeleteMessageBatchRequestEntry.1.Id': 'good',
        'DeleteMessageBatchRequestEntry.1.ReceiptHandle': tag(received.xml, 'ReceiptHandle') ?? '',
        'DeleteMessageBatchRequestEntry.2.Id': 'bad',
        'DeleteMessageBatchRequestEntry.2.ReceiptHandle': 'nonsense',
      },
      url,
    );

    expect(sent.type).toBe('text/xml');
    expect(sent.xml).toContain('<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">');
    expect(tag(sent.xml, 'MD5OfMessageSystemAttributes')).toMatch(/^[0-9a-f]{32}$/);
    expect(tag(sent.xml, 'RequestId')).toBeTruthy();
    expect(received.xml).toContain('<Body>a &lt; b &amp; &quot;c&quot;&#xA;</Body>');
    expect(received.xml).toContain(
      '<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>',
    );
    expect(received.xml).toContain('<Attribute><Name>AWSTraceHeader</Name><Value>Root=1</Value></Attribute>');
    expect(received.xml).toContain(
      '<MessageAttribute><Name>tenant</Name><Value><DataType>String</DataType><StringValue>t1</StringValue></Value></MessageAttribute>',
    );
    expect(deleted.xml).toContain(
      '<DeleteMessageBatchResultEntry><Id>good</Id></DeleteMessageBatchResultEntry>',
    );
    expect(deleted.xml).toContain('<BatchResultErrorEntry><Id>bad</Id><Code>ReceiptHandleIsInvalid</Code>');
    expect(deleted.xml).toContain('<SenderFault>true</SenderFault>');
  });

  test('attributes, tags, lists and an action without a result', async () => {
    const created = await post({
      Action: 'CreateQueue',
      QueueName: 'with-attributes',
      'Attribute.1.Name': 'VisibilityTimeout',
      'Attribute.1.Value': '77',
      'Tag.1.Key': 'team',
      'Tag.1.Value': 'a',
    });
    const url = tag(created.xml, 'QueueUrl') ?? '';

    const shown = await post({ Action: 'GetQueueAttributes', 'AttributeName.1': 'VisibilityTimeout' }, url);
    const tags = await post({ Action: 'ListQueueTags' }, url);
    const listed = await post({ Action: 'ListQueues', QueueNamePrefix: 'with', MaxResults: '5' });
    const purged = await post({ Action: 'PurgeQueue' }, url);

    expect(shown.xml).toContain('<Attribute><Name>VisibilityTimeout</Name><Value>77</Value></Attribute>');
    expect(tags.xml).toContain('<Tag><Key>team</Key><Value>a</Value></Tag>');
    expect(listed.xml).toContain(`<ListQueuesResult><QueueUrl>${url}</QueueUrl></ListQueuesResult>`);
    expect(purged.xml).toMatch(/<PurgeQueueResponse xmlns="[^"]+"><ResponseMetadata>/);
  });

  test('errors carry the legacy code, who is at fault, and the status', async () => {
    const { status, xml } = await post({ Action: 'GetQueueUrl', QueueName: 'nope' });

    expect(status).toBe(400);
    expect(xml).toContain(
      '<Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>' +
        '<Message>The specified queue does not exist.</Message><Detail/></Error>',
    );
  });

  test('a GET with the parameters in its query string works too', async () => {
    const url = await createQueue('by-get');

    const response = await fetch(`${url}?Action=SendMessage&MessageBody=hello`);

    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<MessageId>');
  });

  test('every action that JSON has is there', async () => {
    const url = await createQueue('all-actions');
    const { status, xml } = await post(
      {
        Action: 'ChangeMessageVisibilityBatch',
        'ChangeMessageVisibilityBatchRequestEntry.1.Id': 'a',
        'ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle': 'x',
        'ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout': '5',
      },
      url,
    );
    const permission = await post(
      {
        Action: 'AddPermission',
        Label: 'l',
        'AWSAccountId.1': '111111111111',
        'ActionName.1': 'SendMessage',
      },
      url,
    );

    expect(status).toBe(200);
    expect(tag(xml, 'Code')).toBe('ReceiptHandleIsInvalid');
    expect(permission.status).toBe(200);
  });
});

describe('which service', () => {
  test('the API version, or the signature, names the service', async () => {
    const version = await post({ Action: 'GetCallerIdentity', Version: '2011-06-15' });
    const scope = 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sts/aws4_request, SignedHeaders=host';
    const signed = await post({ Action: 'GetCallerIdentity' }, aws.endpointUrl, { authorization: scope });

    for (const { xml } of [version, signed]) {
      expect(tag(xml, 'Arn')).toBe('arn:aws:iam::000000000000:root');
      expect(xml).toContain('<GetCallerIdentityResult>');
    }
  });
});

test('an empty output has its wrapper, without which botocore cannot read the answer', async () => {
  const Version = '2010-03-31';
  const topic = await post({ Action: 'CreateTopic', Version, Name: 'tagged' });
  const ResourceArn = tag(topic.xml, 'TopicArn') ?? '';

  const { xml } = await post({ Action: 'UntagResource', Version, ResourceArn, 'TagKeys.member.1': 'a' });

  expect(xml).toContain('<UntagResourceResult></UntagResourceResult><ResponseMetadata>');
});

describe('nested shapes', () => {
  const protocol: QueryProtocol = {
    apiVersion: '1',
    xmlNamespace: 'urn:x',
    booleans: ['Flag'],
    integers: ['Count'],
  };

  test('members, entries and structures become lists, maps and objects', () => {
    const form = new URLSearchParams([
      ['Action', 'Publish'],
      ['Version', '1'],
      ['TopicArn', 'arn'],
      ['Flag', 'true'],
      ['Count', '3'],
      ['Attributes.entry.1.key', 'A'],
      ['Attributes.entry.1.value', '1'],
      ['MessageAttributes.entry.1.Name', 'tenant'],
      ['MessageAttributes.entry.1.Value.DataType', 'String'],
      ['MessageAttributes.entry.1.Value.StringValue', 't1'],
      ['TagKeys.member.2', 'second'],
      ['TagKeys.member.1', 'first'],
      ['Entries.member.1.Id', 'a'],
      ['Entries.member.1.MessageAttributes.entry.1.Name', 'x'],
      ['Entries.member.1.MessageAttributes.entry.1.Value.StringValue', 'y'],
    ]);

    expect(queryInput(protocol, form)).toEqual({
      TopicArn: 'arn',
      Flag: true,
      Count: 3,
      Attributes: { A: '1' },
      MessageAttributes: { tenant: { DataType: 'String', StringValue: 't1' } },
      TagKeys: ['first', 'second'],
      Entries: [{ Id: 'a', MessageAttributes: { x: { StringValue: 'y' } } }],
    });
  });
});
