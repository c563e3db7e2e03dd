/**
 * Enhanced fan-out consumers: registered, described and listed. They read by SubscribeToShard, an event stream that
 * this Kinesis does not have.
 */
import type { AwsContext } from '../context.ts';
import { invalidArgument, limitExceeded, notFound, resourceInUse } from './errors.ts';
import { checkedName, optionalText, requiredText, type Input } from './input.ts';
import { CONSUMERS_PER_STREAM } from './limits.ts';
import { page } from '../paging.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

interface Consumer {
  readonly name: string;
  readonly arn: string;
  readonly streamArn: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Consumers {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  readonly countOf: (stream: Stream) => number;
  readonly removeOf: (stream: Stream) => void;
}

const CONSUMERS_OF_A_PAGE = 100;

export function createConsumers({ clock, state, accountId }: AwsContext, streams: Streams): Consumers {
  const kept = state.collection<Consumer>('kinesis.consumers');
  const byArn = new Map<string, Consumer>(kept.entries());
  const of = (streamArn: string): readonly Consumer[] =>
    [...byArn.values()].filter((consumer) => consumer.streamArn === streamArn);

  const remove = (consumer: Consumer): void => {
    byArn.delete(consumer.arn);
    kept.delete(consumer.arn);
  };

  const find = (input: Input): Consumer => {
    const arn = optionalText(input, 'ConsumerARN');
    const streamArn = optionalText(input, 'StreamARN');
    const name = optionalText(input, 'ConsumerName');
    if (arn === undefined && (streamArn === undefined || name === undefined)) {
      throw invalidArgument('Either ConsumerARN or both StreamARN and ConsumerName must be provided.');
    }
    const found =
      arn === undefined ? of(streamArn ?? '').find((consumer) => consumer.name === name) : byArn.get(arn);
    if (found) return found;
    throw notFound(
      arn === undefined
        ? `Consumer ${name}, account ${accountId} not found.`
        : `Consumer ${arn}, account ${accountId} not found.`,
    );
  };

  return {
    actions: {
      RegisterStreamConsumer(input) {
        const stream = streams.byArn(requiredText(input, 'StreamARN'));
        const name = checkedName(requiredText(input, 'ConsumerName'), 'ConsumerName');
        const others = of(stream.data.arn);
        if (others.some((consumer) => consumer.name === name)) {
          throw resourceInUse(
            `Consumer ${name} under stream ${stream.data.name} already exists for account ${accountId}.`,
          );
        }
        if (others.length >= CONSUMERS_PER_STREAM) {
          throw limitExceeded(`A stream has at most ${CONSUMERS_PER_STREAM} consumers.`);
        }
        const createdAt = clock.now();
        const arn = `${stream.data.arn}/consumer/${name}:${Math.floor(createdAt / 1000)}`;
        const consumer: Consumer = { name, arn, streamArn: stream.data.arn, createdAt };
        byArn.set(arn, consumer);
        kept.put(arn, consumer);
        return { Consumer: { ...describe(consumer), ConsumerStatus: 'CREATING' } };
      },
      DescribeStreamConsumer(input) {
        const consumer = find(input);
        return { ConsumerDescription: { ...describe(consumer), StreamARN: consumer.streamArn } };
      },
      ListStreamConsumers(input) {
        const stream = streams.byArn(requiredText(input, 'StreamARN'));
        const { items, next } = page(of(stream.data.arn), {
          size: typeof input['MaxResults'] === 'number' ? input['MaxResults'] : CONSUMERS_OF_A_PAGE,
          token: optionalText(input, 'NextToken'),
          invalidToken: () => invalidArgument('Invalid NextToken.'),
        });
        return { Consumers: items.map(describe), ...next };
      },
      DeregisterStreamConsumer(input) {
        remove(find(input));
        return {};
      },
    },
    countOf: (stream) => of(stream.data.arn).length,
    removeOf(stream) {
      for (const consumer of of(stream.data.arn)) remove(consumer);
    },
  };
}

function describe({ name, arn, createdAt }: Consumer): Record<string, unknown> {
  return {
    ConsumerName: name,
    ConsumerARN: arn,
    ConsumerStatus: 'ACTIVE',
    ConsumerCreationTimestamp: createdAt / 1000,
  };
}
