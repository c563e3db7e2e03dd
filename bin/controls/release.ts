/**
 * Gives a tenant its parked messages back, in their order and before newer ones.
 *
 * 1. The switch goes from paused to draining: consumers park a new message only while one of its group is parked, or
 *    released and not yet handled.
 * 2. Parked messages are moved into the consumer's queue, each group in its order. The consumer handles these whatever
 *    the switch says, and forgets the note of each when it is done with.
 * 3. When there is no note left, and none has come within the time in which a consumer may still act on what it knew
 *    before, the switch is taken away.
 *
 * Stopped at any moment, even by kill -9, it can be run again: what is moved twice has the same deduplication id on a
 * FIFO queue, and the same eventId everywhere.
 */
import type { Message } from '@aws-sdk/client-sqs';
import { sleep } from '../../lambda/runtime/clock.ts';
import { PARKED_ATTRIBUTE, parkedPrefix } from '../../lambda/runtime/degradation/control-keys.ts';
import { isFifo } from '../../lambda/runtime/transports/group-id.ts';
import type { Operator } from './clients.ts';
import type { ControlledConsumer } from './consumers.ts';
import { parkedOf, setSwitch, switchesOf, switchName } from './operations.ts';
import type { Target } from './operations.ts';

export interface ReleaseProps {
  readonly target: Target & { readonly tenant: string };
  /** The consumers whose parked messages are released. */
  readonly consumers: readonly ControlledConsumer[];
  readonly why: string;
  /** Milliseconds after which it stops and says what is left; the tenant is then still draining. */
  readonly within: number;
  readonly onProgress?: (released: number) => void;
}

export interface Release {
  /** Messages moved by this run. */
  readonly released: number;
  /** Parked, or released and not yet handled. */
  readonly left: number;
  /** The tenant is on again. */
  readonly isOn: boolean;
}

/**
 * Milliseconds: longer than a consumer keeps a switch (createControls' maxStateAge) and than the calls with which it
 * parks a message take, with retries.
 */
export const SETTLING_TIME = 15_000;
/** Milliseconds between looks at what is left. */
const PAUSE = 1_000;
/** Seconds that a message in the parking queue is ours. */
const VISIBILITY = 300;

export async function releaseTenant(operator: Operator, props: ReleaseProps): Promise<Release> {
  const { target, consumers, why } = props;
  const { clock } = operator;
  const startedAt = clock.now();
  await setSwitch(operator, target, 'draining', why);
  let released = 0;
  let emptySince: number | undefined;
  for (;;) {
    const draining = await notPausedOtherwise(operator, target, consumers);
    for (const consumer of draining) {
      released += await moveParked(operator, consumer, target.tenant);
    }
    props.onProgress?.(released);
    const counts = await Promise.all(draining.map(({ name }) => parkedOf(operator, name, target.tenant)));
    const left = counts.reduce((sum, { messages }) => sum + messages, 0);
    const now = clock.now();
    if (left > 0) emptySince = undefined;
    else emptySince ??= now;
    // Twice: for those who still took it for paused, and for those who were about to park behind the last one.
    if (emptySince !== undefined && now - emptySince >= 2 * SETTLING_TIME) {
      await setSwitch(operator, target, undefined, why);
      return { released, left: 0, isOn: true };
    }
    if (now - startedAt >= props.within) return { released, left, isOn: false };
    await sleep(clock, PAUSE);
  }
}

/** A tenant may be off for all consumers and for one of them: then that one's stay parked. */
async function notPausedOtherwise(
  operator: Operator,
  { tenant }: ReleaseProps['target'],
  consumers: readonly ControlledConsumer[],
): Promise<readonly ControlledConsumer[]> {
  const paused = new Set(
    (await switchesOf(operator)).filter(({ state }) => state === 'paused').map(({ target }) => target),
  );
  if (paused.has(switchName({ tenant }))) return [];
  return consumers.filter(({ name }) => !paused.has(switchName({ consumer: name, tenant })));
}

/** @returns how many messages were moved */
async function moveParked(
  operator: Operator,
  consumer: ControlledConsumer,
  tenantId: string,
): Promise<number> {
  const { parkingQueueUrl, queueUrl } = consumer;
  if (parkingQueueUrl === undefined || queueUrl === undefined) return 0;
  const { ChangeMessageVisibilityCommand, ReceiveMessageCommand } = await import('@aws-sdk/client-sqs');
  const prefix = parkedPrefix(tenantId);
  const ofOthers: Message[] = [];
  let moved = 0;
  try {
    for (;;) {
      const { Messages: messages = [] } = await operator.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: parkingQueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: VISIBILITY,
          WaitTimeSeconds: 0,
          MessageSystemAttributeNames: ['MessageGroupId'],
          MessageAttributeNames: ['All'],
        }),
      );
      if (messages.length === 0) return moved;
      const mine = messages.filter((message) => parkedKeyOf(message).startsWith(prefix));
      ofOthers.push(...messages.filter((message) => !mine.includes(message)));
      const groups = [...Map.groupBy(mine, (message) => message.Attributes?.MessageGroupId).values()];
      const counts = await Promise.all(
        groups.map((group) => moveGroup(operator, { queueUrl, parkingQueueUrl }, group)),
      );
      moved += counts.reduce((sum, count) => sum + count, 0);
    }
  } finally {
    // Nobody else reads this queue; the next release should not have to wait for them.
    for (const { ReceiptHandle } of ofOthers) {
      await operator.sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: parkingQueueUrl,
          ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      );
    }
  }
}

/** One after the other: of a batch SQS might take the second and refuse the first. */
async function moveGroup(
  { sqs }: Operator,
  { queueUrl, parkingQueueUrl }: { readonly queueUrl: string; readonly parkingQueueUrl: string },
  group: readonly Message[],
): Promise<number> {
  const { DeleteMessageCommand, SendMessageCommand } = await import('@aws-sdk/client-sqs');
  for (const message of group) {
    const groupId = message.Attributes?.MessageGroupId;
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: message.Body ?? '',
        MessageAttributes: message.MessageAttributes ?? {},
        ...(groupId !== undefined && { MessageGroupId: groupId }),
        // Not the eventId: within five minutes of the first delivery that would be dropped as a duplicate.
        ...(isFifo(queueUrl) && { MessageDeduplicationId: `released-${message.MessageId}` }),
      }),
    );
    await sqs.send(
      new DeleteMessageCommand({ QueueUrl: parkingQueueUrl, ReceiptHandle: message.ReceiptHandle }),
    );
  }
  return group.length;
}

function parkedKeyOf(message: Message): string {
  return message.MessageAttributes?.[PARKED_ATTRIBUTE]?.StringValue ?? '';
}
