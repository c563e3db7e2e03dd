/** Streams, Kafka and the broker are proven, guarded and granted no more than they need; and mistakes in them are seen. */
import { describe, expect, test } from '@jest/globals';
import { excessOf } from '../../../lib/access/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import { checkAssembly, describeFinding } from '../../../lib/guards/index.ts';
import { expectDelivery, proveAssembly } from '../../../lib/proofs/index.ts';
import { streamingStack } from '../constructs/streams-support.ts';
import { OrderPlaced, StockReserved } from '../constructs/support.ts';
import { broken, changed, refusal } from './support.ts';

const assembly = readAssembly(streamingStack().app.synth().directory);
const express = readAssembly(streamingStack('express').app.synth().directory);

describe.each([
  ['serverless', assembly],
  ['express', express],
])('%s', (_, of) => {
  test('everything that is declared is proven', () => {
    expect(broken(proveAssembly(of))).toEqual([]);
  });

  test('nothing is granted that nothing needs', () => {
    expect(excessOf(messagingOf(of)).map(({ message }) => message)).toEqual([]);
  });

  test('no guard finds anything', () => {
    expect(checkAssembly(of).map(({ guard, finding }) => describeFinding(guard, finding))).toEqual([]);
  });
});

describe('isolation of readers', () => {
  const FILTER = { FilterCriteria: { Filters: [{ Pattern: '{"data":{"eventType":["OrderPlaced"]}}' }] } };
  const narrowed = {
    ...assembly,
    topology: {
      ...assembly.topology!,
      edges: assembly.topology!.edges.map((edge) =>
        edge.kind === 'reads' && edge.consumer === 'trends' ? { ...edge, events: ['OrderPlaced'] } : edge,
      ),
    },
  };

  test('a reader that declares a part gets no other events, and nobody else reads or writes', () => {
    const claims = proveAssembly(assembly).filter(({ kind }) => kind === 'isolation');
    expect(claims.map(({ claim }) => claim)).toEqual(
      expect.arrayContaining([
        'only what is declared is read by trends',
        'only what is declared is read by sink',
        expect.stringMatching(/^nobody else reads or writes /),
      ]),
    );
    const leaking = broken(proveAssembly(narrowed)).join();
    expect(leaking).toContain('which trends is not declared to get');
    const filtered = changed(narrowed, 'AWS::Lambda::EventSourceMapping', 'Trends', (properties) => ({
      ...properties,
      ...FILTER,
    }));
    expect(broken(proveAssembly(filtered)).join()).not.toContain('which trends is not declared to get');
  });

  test('a mapping that nobody declared, and a role that may read, are seen', () => {
    const { topology } = assembly;
    const undeclared = {
      ...assembly,
      topology: {
        ...topology!,
        edges: topology!.edges.filter((edge) => edge.kind !== 'reads' || edge.retry !== true),
      },
    };
    expect(broken(proveAssembly(undeclared)).join()).toContain('and no edge declares it');
    const without = {
      ...assembly,
      topology: {
        ...topology!,
        edges: topology!.edges.filter((edge) => edge.kind !== 'reads' || edge.consumer !== 'trends'),
      },
    };
    expect(broken(proveAssembly(without)).join()).toContain('its policies allow kinesis:GetRecords');
  });
});

describe('expectDelivery', () => {
  test('reaches through a stream and through a Kafka topic', () => {
    expectDelivery(assembly)
      .of(OrderPlaced)
      .from('Shop')
      .reaches('Trends')
      .deadLettersTo('Trends/DeadLetterQueue');
    expectDelivery(assembly)
      .of(OrderPlaced)
      .from('Shop')
      .reaches('Sink')
      .deadLettersTo('Sink/DeadLetterQueue');
    expectDelivery(assembly).of(StockReserved).from('Test/Activity').reaches('Trends');
  });

  test('sees a filter that leaves the event out', () => {
    const filtered = changed(assembly, 'AWS::Lambda::EventSourceMapping', 'Trends', (properties) => ({
      ...properties,
      FilterCriteria: { Filters: [{ Pattern: '{"data":{"eventType":["StockReserved"]}}' }] },
    }));
    expectDelivery(filtered).of(StockReserved).from('Test/Activity').reaches('Trends');
    expect(
      refusal(() => expectDelivery(filtered).of(OrderPlaced).from('Test/Activity').reaches('Trends')),
    ).toContain('WAYBILL_PROOF_FILTERED_OUT');
  });

  test('sees a filter of Kafka', () => {
    const filtered = changed(assembly, 'AWS::Lambda::EventSourceMapping', 'SinkMapping', (properties) => ({
      ...properties,
      FilterCriteria: { Filters: [{ Pattern: '{"value":{"eventType":["Other"]}}' }] },
    }));
    expect(refusal(() => expectDelivery(filtered).of(OrderPlaced).from('Shop').reaches('Sink'))).toContain(
      'WAYBILL_PROOF_FILTERED_OUT',
    );
  });
});

/** What is changed, and the codes of the proofs and ids of the guards that see it. */
const MISTAKES: readonly (readonly [string, string, Record<string, unknown>, string, string | undefined])[] =
  [
    [
      'no destination on failure',
      'Trends',
      { DestinationConfig: undefined },
      'NO_FAILURE_DESTINATION',
      'D14',
    ],
    [
      'no destination on failure',
      'SinkMapping',
      { DestinationConfig: undefined },
      'NO_FAILURE_DESTINATION',
      'D14',
    ],
    [
      'retries without end',
      'Trends',
      { MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1 },
      'SETTING_DIFFERS',
      'D15',
    ],
    [
      'retries without end',
      'SinkRetryMapping1',
      { MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1 },
      'SETTING_DIFFERS',
      'D15',
    ],
    ['an answer that nobody reads', 'Trends', { FunctionResponseTypes: undefined }, 'SETTING_DIFFERS', 'D3'],
    [
      'an answer that nobody reads',
      'SinkMapping',
      { FunctionResponseTypes: undefined },
      'SETTING_DIFFERS',
      'D3',
    ],
    ['a mapping that is off', 'Inbound', { Enabled: false }, 'SWITCHED_OFF', 'W21'],
    ['another batch size', 'Inbound', { BatchSize: 50 }, 'SETTING_DIFFERS', 'W21B'],
    ['no halves', 'Trends', { BisectBatchOnFunctionError: false }, 'SETTING_DIFFERS', undefined],
    [
      'another group',
      'SinkMapping',
      { AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'other' } },
      'PERMISSION_MISSING',
      'W21B',
    ],
    ['another place to begin', 'Trends', { StartingPosition: 'LATEST' }, 'SETTING_DIFFERS', undefined],
    ['another window', 'Trends', { TumblingWindowInSeconds: 6 }, 'SETTING_DIFFERS', undefined],
    [
      'no provisioned pollers',
      'SinkMapping',
      { ProvisionedPollerConfig: undefined },
      'SETTING_DIFFERS',
      undefined,
    ],
    ['another queue', 'Inbound', { Queues: ['other'] }, 'SETTING_DIFFERS', undefined],
    ['no secret', 'Inbound', { SourceAccessConfigurations: [] }, 'SETTING_DIFFERS', undefined],
    ['another topic', 'SinkMapping', { Topics: ['other'] }, 'NO_PATH', undefined],
  ];

test.each(MISTAKES)('%s of %s is seen', (_, prefix, properties, code, guardId) => {
  const wrong = changed(assembly, 'AWS::Lambda::EventSourceMapping', prefix, (given) =>
    JSON.parse(JSON.stringify({ ...given, ...properties })),
  );
  expect(broken(proveAssembly(wrong)).join('\n')).toContain(`WAYBILL_PROOF_${code}`);
  const guards = checkAssembly(wrong).map(({ guard }) => guard.id);
  if (guardId !== undefined) expect(guards).toContain(guardId);
});

test.each([
  ['records that go anywhere', { RecordDistributionStrategy: 'AUTO' }, 'SETTING_DIFFERS'],
  ['no encryption', { StreamEncryption: undefined }, 'SETTING_DIFFERS'],
  ['a retention below what is still tried', { RetentionPeriodHours: 2 }, 'TIMING'],
])('a stream with %s is seen', (_, properties, code) => {
  const wrong = changed(assembly, 'AWS::Kinesis::Stream', 'Activity', (given) =>
    JSON.parse(JSON.stringify({ ...given, ...properties })),
  );
  expect(broken(proveAssembly(wrong)).join('\n')).toContain(`WAYBILL_PROOF_${code}`);
});

test('a mapping that is gone is seen', () => {
  const wrong = changed(assembly, 'AWS::Lambda::EventSourceMapping', 'Trends', () => undefined);
  expect(broken(proveAssembly(wrong)).join('\n')).toContain('WAYBILL_PROOF_NO_PATH');
  expect(checkAssembly(wrong).map(({ guard }) => guard.id)).toContain('W21');
});

test('without any one action of its roles something is refused', () => {
  const unnoticed = Object.entries(assembly.stacks[0]?.template.Resources ?? {}).flatMap(([id, resource]) => {
    if (resource.Type !== 'AWS::IAM::Policy') return [];
    const statements = (resource.Properties as unknown as { PolicyDocument: { Statement: Statement[] } })
      .PolicyDocument.Statement;
    return statements.flatMap(({ Action: given }, index) =>
      [given].flat().flatMap((action) => {
        const without = changed(assembly, 'AWS::IAM::Policy', id, (properties) => {
          const copy = properties as unknown as { PolicyDocument: { Statement: Statement[] } };
          const actions = [given].flat().filter((one) => one !== action);
          if (actions.length === 0) copy.PolicyDocument.Statement.splice(index, 1);
          else copy.PolicyDocument.Statement[index]!.Action = actions;
          return properties;
        });
        return broken(proveAssembly(without)).length > 0 ? [] : [`${id}: ${action}`];
      }),
    );
  });
  expect(unnoticed).toEqual([]);
});

interface Statement {
  Action: string | string[];
}
