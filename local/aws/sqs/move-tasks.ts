/**
 * Message move tasks: messages of a dead-letter queue go back to where they came from, or to a given queue.
 * Only dead-letter queues of SQS queues qualify. "Redrive a dead-letter queue", sqs-configure-dead-letter-queue-redrive.html
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext, ClockTimer } from '../context.ts';
import { invalidParameter, resourceNotFound, unsupportedOperation } from './errors.ts';
import { optionalText, requiredText, wholeNumber, type Input } from './input.ts';
import { MAXIMUM_LISTED_MOVE_TASKS, MAXIMUM_MOVE_RATE } from './limits.ts';
import { newMessageId } from './message-id.ts';
import type { StoredMessage } from './message.ts';
import type { Queues } from './queues.ts';
import type { Queue } from './queue.ts';

interface MoveTask {
  readonly id: string;
  readonly handle: string;
  readonly source: Queue;
  readonly destinationArn: string | undefined;
  readonly rate: number | undefined;
  readonly startedAt: number;
  readonly toMove: number;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  moved: number;
  failureReason: string | undefined;
  timer: ClockTimer | undefined;
}

/** A task as it is kept for the next process, which goes on with it. */
type KeptTask = Omit<MoveTask, 'source' | 'timer'> & { readonly sourceArn: string };

/** How many messages one step moves when the caller sets no rate; the steps follow each other at once. */
const STEP_WITHOUT_RATE = MAXIMUM_MOVE_RATE;
const STEP_MILLISECONDS = 1000;

export interface MoveTasks {
  start(input: Input): { readonly TaskHandle: string };
  cancel(input: Input): { readonly ApproximateNumberOfMessagesMoved: number };
  list(input: Input): { readonly Results: readonly Input[] };
  close(): void;
}

export function createMoveTasks(context: AwsContext, queues: Queues): MoveTasks {
  const { clock } = context;
  const tasks: MoveTask[] = [];
  const kept = context.state.collection<KeptTask>('sqs.moveTasks');
  const keep = ({ source, timer: _timer, ...task }: MoveTask): void => {
    if (context.state.persistent) kept.put(task.id, { ...task, sourceArn: source.arn });
  };

  const end = (task: MoveTask, status: MoveTask['status'], reason?: string): void => {
    if (task.timer) clock.clearTimeout(task.timer);
    task.timer = undefined;
    task.status = status;
    task.failureReason = reason;
    keep(task);
  };

  const targetOf = (task: MoveTask, message: StoredMessage): Queue | undefined => {
    const arn = task.destinationArn ?? message.sourceQueueArn;
    return arn === undefined ? undefined : queues.byArn(arn)?.queue;
  };

  const move = (task: MoveTask, message: StoredMessage): void => {
    const target = targetOf(task, message);
    if (!target) return;
    target.send({
      ...asNew(message),
      messageId: newMessageId(),
      deduplicationId: target.fifo ? message.messageId : undefined,
    });
    task.moved++;
    context.events.emit({
      kind: 'moved',
      service: 'sqs',
      resourceArn: task.source.arn,
      messageId: message.messageId,
      detail: { to: target.arn },
    });
    target.notify();
  };

  const step = (task: MoveTask): void => {
    task.timer = undefined;
    const wanted = Math.min(task.rate ?? STEP_WITHOUT_RATE, task.toMove - task.moved);
    const { taken, refused } = task.source.withdraw(
      wanted,
      (message) => targetOf(task, message) !== undefined,
    );
    for (const message of taken) move(task, message);
    if (refused) end(task, 'FAILED', 'AWS.SimpleQueueService.NonExistentQueue');
    else if (taken.length === 0 || task.moved >= task.toMove) end(task, 'COMPLETED');
    else {
      keep(task);
      task.timer = clock.setTimeout(() => step(task), task.rate === undefined ? 0 : STEP_MILLISECONDS);
    }
  };

  for (const [, { sourceArn, ...task }] of kept.entries()) {
    const source = queues.byArn(sourceArn)?.queue;
    if (!source) continue;
    const resumed: MoveTask = { ...task, source, timer: undefined };
    tasks.unshift(resumed);
    if (resumed.status === 'RUNNING') resumed.timer = clock.setTimeout(() => step(resumed), 0);
  }

  return {
    start(input) {
      const sourceArn = requiredText(input, 'SourceArn');
      const destinationArn = optionalText(input, 'DestinationArn');
      const rate = wholeNumber(input, 'MaxNumberOfMessagesPerSecond', 1, MAXIMUM_MOVE_RATE, undefined);
      const source = existing(queues, sourceArn, 'SourceArn');
      if (queues.sourcesOf(sourceArn).length === 0) {
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      }
      if (destinationArn !== undefined) {
        const destination = existing(queues, destinationArn, 'DestinationArn');
        if (destination.fifo !== source.fifo) {
          throw invalidParameter('Source queue and destination queue must be of the same type.');
        }
        if (destination === source)
          throw invalidParameter('Source queue arn and destination queue arn cannot be same.');
      }
      if (tasks.some((task) => task.source === source && task.status === 'RUNNING')) {
        throw unsupportedOperation(
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      }
      const id = randomUUID();
      const task: MoveTask = {
        id,
        handle: Buffer.from(JSON.stringify({ taskId: id, sourceArn })).toString('base64'),
        source,
        destinationArn,
        rate,
        startedAt: clock.now(),
        toMove: source.counts().visible,
        status: 'RUNNING',
        moved: 0,
        failureReason: undefined,
        timer: undefined,
      };
      tasks.unshift(task);
      keep(task);
      task.timer = clock.setTimeout(() => step(task), 0);
      return { TaskHandle: task.handle };
    },
    cancel(input) {
      const handle = requiredText(input, 'TaskHandle');
      const task = tasks.find((candidate) => candidate.handle === handle);
      if (!task) throw resourceNotFound('Task does not exist.');
      if (task.status !== 'RUNNING') throw unsupportedOperation('Only active tasks can be cancelled.');
      end(task, 'CANCELLED');
      return { ApproximateNumberOfMessagesMoved: task.moved };
    },
    list(input) {
      const { arn } = existing(queues, requiredText(input, 'SourceArn'), 'SourceArn');
      const maxResults = wholeNumber(input, 'MaxResults', 1, MAXIMUM_LISTED_MOVE_TASKS, 1);
      const found = tasks.filter((task) => task.source.arn === arn).slice(0, maxResults);
      return { Results: found.map(shown) };
    },
    close() {
      for (const { timer } of tasks) if (timer) clock.clearTimeout(timer);
    },
  };
}

function existing(queues: Queues, arn: string, parameter: string): Queue {
  const parts = arn.split(':');
  if (parts.length !== 6 || parts[2] !== 'sqs')
    throw invalidParameter(
      `You must use this format to specify the ${parameter}: arn:aws:sqs:region:account-id:queue-name`,
    );
  const record = queues.byArn(arn);
  if (!record)
    throw resourceNotFound(`The resource that you specified for the ${parameter} parameter doesn't exist.`);
  return record.queue;
}

/** A redriven message counts as new: its retention starts again, its receives are forgotten. */
function asNew({ body, attributes, traceHeader, senderId, groupId }: StoredMessage) {
  return { body, attributes, traceHeader, senderId, groupId, delaySeconds: 0 };
}

function shown(task: MoveTask): Input {
  const running = task.status === 'RUNNING';
  return {
    ...(running && { TaskHandle: task.handle }),
    Status: task.status,
    SourceArn: task.source.arn,
    ...(task.destinationArn !== undefined && { DestinationArn: task.destinationArn }),
    ...(task.rate !== undefined && { MaxNumberOfMessagesPerSecond: task.rate }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason !== undefined && { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedAt,
  };
}
