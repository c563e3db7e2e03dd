/** Buses, rules and targets under test, with the calls that nearly every behaviour makes. */
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type CreateEventBusCommandInput,
  type PutEventsRequestEntry,
  type PutRuleCommandInput,
  type Target,
} from '@aws-sdk/client-eventbridge';
import type { Message } from '@aws-sdk/client-sqs';
import type { Conformance, TestQueue } from '../harness.ts';

/** The pages that most behaviours come from. */
export const API = 'https://docs.aws.amazon.com/eventbridge/latest/APIReference';
export const GUIDE = 'https://docs.aws.amazon.com/eventbridge/latest/userguide';

export interface TestBus {
  readonly name: string;
  readonly arn: string;
  /** A rule with the pattern `{"source": ["shop"]}` unless told otherwise. */
  rule(input?: Partial<PutRuleCommandInput>): Promise<TestRule>;
  /** Puts one event of source `shop` and type `OrderPlaced`; its id. */
  put(detail?: unknown, entry?: Partial<PutEventsRequestEntry>): Promise<string>;
}

export interface TestRule {
  readonly name: string;
  readonly arn: string;
  target(target: Omit<Target, 'Id'> & { readonly Id?: string }): Promise<void>;
  /** A new queue as target, which lets the rule in. */
  queue(target?: Partial<Target>, attributes?: Readonly<Record<string, string>>): Promise<TestQueue>;
}

/** A new bus. Deleted afterwards, with the rules made here. */
export async function bus(
  aws: Conformance,
  input: Partial<CreateEventBusCommandInput> = {},
): Promise<TestBus> {
  const name = aws.uniqueName('bus');
  const { EventBusArn = '' } = await aws.events.send(new CreateEventBusCommand({ Name: name, ...input }));
  aws.cleanup(() => aws.events.send(new DeleteEventBusCommand({ Name: name })));
  return openBus(aws, name, EventBusArn);
}

export function openBus(aws: Conformance, name: string, arn: string): TestBus {
  return {
    name,
    arn,
    rule: (input = {}) => rule(aws, name, input),
    async put(detail = {}, entry = {}) {
      const Detail = typeof detail === 'string' ? detail : JSON.stringify(detail);
      const { Entries } = await aws.events.send(
        new PutEventsCommand({
          Entries: [{ EventBusName: name, Source: 'shop', DetailType: 'OrderPlaced', Detail, ...entry }],
        }),
      );
      const [result] = Entries ?? [];
      if (result?.EventId === undefined) throw new Error(`${result?.ErrorCode}: ${result?.ErrorMessage}`);
      return result.EventId;
    },
  };
}

async function rule(
  aws: Conformance,
  EventBusName: string,
  input: Partial<PutRuleCommandInput>,
): Promise<TestRule> {
  const Name = aws.uniqueName('rule');
  const pattern = input.ScheduleExpression === undefined ? { EventPattern: '{"source":["shop"]}' } : {};
  const { RuleArn = '' } = await aws.events.send(
    new PutRuleCommand({ Name, EventBusName, ...pattern, ...input }),
  );
  const ids: string[] = [];
  aws.cleanup(async () => {
    if (ids.length > 0) {
      await aws.events.send(new RemoveTargetsCommand({ Rule: Name, EventBusName, Ids: ids }));
    }
    await aws.events.send(new DeleteRuleCommand({ Name, EventBusName }));
  });
  const made: TestRule = {
    name: Name,
    arn: RuleArn,
    async target(target) {
      const Id = target.Id ?? `t${ids.length + 1}`;
      ids.push(Id);
      await aws.events.send(
        new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ ...target, Id }] }),
      );
    },
    async queue(target = {}, attributes = {}) {
      const queue = await aws.queue(attributes);
      await aws.allow(queue, 'events.amazonaws.com', RuleArn);
      await made.target({ Arn: queue.arn, ...target });
      return queue;
    },
  };
  return made;
}

/** The event in a queue. */
export interface ReceivedEvent {
  readonly version: string;
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly 'replay-name'?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function eventOf(message: Message | undefined): ReceivedEvent {
  return JSON.parse(message?.Body ?? '{}') as ReceivedEvent;
}
