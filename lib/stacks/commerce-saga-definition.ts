/**
 * The order saga as Amazon States Language, in JSONata: each step sends its command to the queue of a worker and waits
 * for the worker's answer. What fails is undone in reverse order.
 */
import type { OrderSagaStep } from '../../catalog/index.ts';
import { orderSagaSteps, SystemErrorRaised } from '../../catalog/index.ts';

/** A queue that a step sends to. */
export interface StepQueue {
  readonly queueUrl: string;
  readonly fifo: boolean;
}

export interface OrderSagaDefinitionProps {
  readonly partition: string;
  /** The queue of the worker of each step. */
  readonly queues: Readonly<Record<OrderSagaStep, StepQueue>>;
  /** Where SystemErrorRaised goes. */
  readonly errorQueueUrl: string;
}

/**
 * | step | what undoes it | then |
 * |---|---|---|
 * | ReservePayment | RefundPayment | NotifyCancelled |
 * | ScreenOrder | RefundPayment | NotifyCancelled |
 * | ReserveInventory | ReleaseInventory | RefundPayment |
 * | ArrangeShipping | CancelShipping | ReleaseInventory |
 * | CapturePayment | CancelShipping | ReleaseInventory |
 *
 * A step that failed is undone too: its worker may have done half of it, or may do it late. The worker keeps a
 * tombstone of what was undone before it ran.
 */
const STEPS = [
  { state: 'ReservePayment', undoneFrom: 'RefundPayment' },
  { state: 'ScreenOrder', undoneFrom: 'RefundPayment' },
  { state: 'ReserveInventory', undoneFrom: 'ReleaseInventory' },
  { state: 'ArrangeShipping', undoneFrom: 'CancelShipping' },
  { state: 'CapturePayment', undoneFrom: 'CancelShipping' },
] as const;
const COMPENSATIONS = ['CancelShipping', 'ReleaseInventory', 'RefundPayment'] as const;

/** A worker that has begun says so more often than this, in seconds; a command may wait as long in its queue. */
const HEARTBEAT_SECONDS = 600;
/** The most that one attempt of a step takes, in seconds: its time in the queue included. */
const STEP_TIMEOUT_SECONDS = 1800;
const STEP_RETRIES = 2;
const COMPENSATION_RETRIES = 10;
/** The most between two attempts, in seconds. */
const MAX_DELAY_SECONDS = 300;
/** Above the sum of everything below, because nothing is undone of an execution that times out. Seconds. */
export const SAGA_TIMEOUT_SECONDS = 4 * 86_400;

/** The longest that an execution takes: every attempt of every state takes all its time. Seconds. */
export function longestSagaSeconds(): number {
  const longest = (retries: number) => (retries + 1) * STEP_TIMEOUT_SECONDS + retries * MAX_DELAY_SECONDS;
  const compensationsAndNotice = COMPENSATIONS.length + 1;
  return STEPS.length * longest(STEP_RETRIES) + compensationsAndNotice * longest(COMPENSATION_RETRIES);
}

/** What the worker did not answer, and what SQS did not take. What a worker refuses is not tried again. */
const UNANSWERED = ['States.Timeout', 'States.HeartbeatTimeout'];
const NOT_SENT = ['SQS.SdkClientException', 'SQS.AmazonSQSException', 'SQS.SqsException'];

type State = Readonly<Record<string, unknown>>;

/** The definition; its references to queues may be tokens. */
export function orderSagaDefinition(props: OrderSagaDefinitionProps): object {
  const forward = STEPS.map(({ state, undoneFrom }, index): [string, State] => [
    state,
    {
      ...commandTask(props, state),
      Retry: retries(STEP_RETRIES, [...UNANSWERED, ...NOT_SENT]),
      Catch: [
        {
          ErrorEquals: ['States.ALL'],
          Assign: { reason: '{% $states.errorOutput.Error %}' },
          Next: undoneFrom,
        },
      ],
      Next: STEPS[index + 1]?.state ?? 'NotifyFulfilled',
    },
  ]);
  const backward = COMPENSATIONS.map((state, index): [string, State] => {
    const next = COMPENSATIONS[index + 1] ?? 'WasAllUndone';
    return [state, { ...undoing(props, state, next), Next: next }];
  });
  return {
    Comment: 'Carries an order through payment, stock and shipping, and back where a step fails',
    QueryLanguage: 'JSONata',
    TimeoutSeconds: SAGA_TIMEOUT_SECONDS,
    StartAt: 'Begin',
    States: {
      Begin: {
        Type: 'Pass',
        Assign: { reason: '', stuck: '', errorEventId: '{% $uuid() %}' },
        Next: 'ReservePayment',
      },
      ...Object.fromEntries(forward),
      NotifyFulfilled: { ...undoing(props, 'NotifyFulfilled', 'RaiseSystemError'), Next: 'Fulfilled' },
      Fulfilled: ended('FULFILLED'),
      ...Object.fromEntries(backward),
      WasAllUndone: {
        Type: 'Choice',
        Choices: [{ Condition: "{% $stuck = '' %}", Next: 'NotifyCancelled' }],
        Default: 'RaiseSystemError',
      },
      NotifyCancelled: { ...undoing(props, 'NotifyCancelled', 'RaiseSystemError'), Next: 'Cancelled' },
      Cancelled: ended('CANCELLED'),
      RaiseSystemError: raiseSystemError(props),
      NotCompleted: {
        Type: 'Fail',
        Error: 'SagaNotCompleted',
        Cause:
          "{% 'given up after every retry: ' & $stuck & '; mend the cause, then redrive the execution' %}",
      },
    },
  };
}

/** A state that must not fail: tried for hours, noted when even that does not help, and the others go on. */
function undoing(props: OrderSagaDefinitionProps, state: OrderSagaStep, next: string): State {
  return {
    ...commandTask(props, state),
    Retry: retries(COMPENSATION_RETRIES, ['States.ALL']),
    Catch: [
      {
        ErrorEquals: ['States.ALL'],
        Assign: { stuck: `{% $stuck = '' ? '${state}' : $stuck & ', ${state}' %}` },
        Next: next,
      },
    ],
  };
}

/**
 * Sends the step's command and waits for the answer. The command is a whole envelope from the execution's input, so
 * that it has the same eventId whenever it is sent; the token is another for each attempt, and so is the
 * deduplication id: SQS would drop the second attempt's message within five minutes of the first.
 */
function commandTask({ partition, queues }: OrderSagaDefinitionProps, state: OrderSagaStep): State {
  const { queueUrl, fifo } = queues[state];
  const input = '$states.context.Execution.Input';
  const reason = state === 'NotifyCancelled' ? ", 'reason': $reason" : '';
  return {
    Type: 'Task',
    Comment: `${orderSagaSteps[state].name} to its worker`,
    Resource: `arn:${partition}:states:::sqs:sendMessage.waitForTaskToken`,
    Arguments: {
      QueueUrl: queueUrl,
      MessageBody:
        `{% ($command := ${input}.commands.${state}; $merge([$command, {'data': ` +
        `$merge([$command.data, {'taskToken': $states.context.Task.Token${reason}}])}])) %}`,
      // On a standard queue the group is the tenant: its messages do not hold up another tenant's (fair queues).
      MessageGroupId: fifo ? `{% ${input}.orderingKey %}` : `{% ${input}.tenantId %}`,
      ...(fifo ? { MessageDeduplicationId: "{% $hash($states.context.Task.Token, 'SHA-256') %}" } : {}),
    },
    TimeoutSeconds: STEP_TIMEOUT_SECONDS,
    HeartbeatSeconds: HEARTBEAT_SECONDS,
    Output: {},
  };
}

function retries(maxAttempts: number, errors: readonly string[]): readonly State[] {
  return [
    {
      ErrorEquals: errors,
      IntervalSeconds: 2,
      BackoffRate: 2,
      MaxAttempts: maxAttempts,
      MaxDelaySeconds: MAX_DELAY_SECONDS,
      JitterStrategy: 'FULL',
    },
  ];
}

function ended(outcome: 'FULFILLED' | 'CANCELLED'): State {
  return {
    Type: 'Succeed',
    Output: { orderId: '{% $states.context.Execution.Input.orderId %}', outcome, reason: '{% $reason %}' },
  };
}

/** Tells people, straight to the priority queue; then the execution fails, for all to see and to redrive. */
function raiseSystemError({ partition, errorQueueUrl }: OrderSagaDefinitionProps): State {
  const input = '$states.context.Execution.Input';
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::sqs:sendMessage`,
    Arguments: {
      QueueUrl: errorQueueUrl,
      MessageBody: {
        eventId: '{% $errorEventId %}',
        eventType: SystemErrorRaised.name,
        eventVersion: SystemErrorRaised.version,
        source: SystemErrorRaised.source,
        timestamp: '{% $states.context.State.EnteredTime %}',
        correlationId: `{% ${input}.correlationId %}`,
        causationId: `{% ${input}.commands.RefundPayment.eventId %}`,
        tenantId: `{% ${input}.tenantId %}`,
        data: { component: 'order-saga', code: 'ORDER_SAGA_STUCK', orderId: `{% ${input}.orderId %}` },
        metadata: `{% ${input}.commands.RefundPayment.metadata %}`,
      },
      MessageGroupId: `{% ${input}.tenantId %}`,
    },
    TimeoutSeconds: 60,
    Retry: retries(COMPENSATION_RETRIES, ['States.ALL']),
    Catch: [{ ErrorEquals: ['States.ALL'], Next: 'NotCompleted' }],
    Next: 'NotCompleted',
  };
}
