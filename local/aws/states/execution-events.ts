/**
 * What the world hears of an execution: metrics, EventBridge events, and happenings for the console.
 * https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
import { serviceCaller } from '../context.ts';
import type { AwsContext } from '../context.ts';
import { NAMESPACE } from './integrations/metrics.ts';
import type { Execution, ExecutionStatus } from './model.ts';

const METRICS: Readonly<Record<ExecutionStatus, string>> = {
  RUNNING: 'ExecutionsStarted',
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
};

/** Input and output together, in bytes, above which an event goes without them: 248 KiB. */
const EVENT_DATA_BYTES = 248 * 1_024;

/** Tells that the execution has its present status. */
export function announce(context: AwsContext, execution: Execution): void {
  const { metrics } = context;
  const dimensions = { StateMachineArn: execution.machineArn };
  const started = execution.status === 'RUNNING';
  const redriven = started && execution.redriveCount > 0;
  const name = redriven ? 'ExecutionsRedriven' : METRICS[execution.status];
  metrics.put({ namespace: NAMESPACE, name, dimensions, value: 1 });
  if (execution.stoppedAt !== undefined) {
    metrics.put({
      namespace: NAMESPACE,
      name: 'ExecutionTime',
      dimensions,
      value: execution.stoppedAt - execution.startedAt,
      unit: 'Milliseconds',
    });
  }
  context.events.emit({
    kind: started ? 'invoked' : 'returned',
    service: 'states',
    resourceArn: execution.machineArn,
    messageId: execution.arn,
    detail: { status: execution.status, ...(execution.error !== undefined && { error: execution.error }) },
  });
  // Express executions put no events.
  if (execution.type === 'STANDARD' && execution.mapRunArn === undefined) putEvent(context, execution);
}

function putEvent(context: AwsContext, execution: Execution): void {
  const entry = {
    Source: 'aws.states',
    DetailType: 'Step Functions Execution Status Change',
    Resources: [execution.arn],
    Time: context.clock.now() / 1_000,
    Detail: JSON.stringify(eventDetail(execution)),
  };
  const caller = serviceCaller(context, 'states.amazonaws.com', execution.machineArn);
  // What happens to the event is EventBridge's affair: the execution does not wait for it.
  void context.services
    .find('events')
    ?.handle('PutEvents', { Entries: [entry] }, caller)
    .catch(() => undefined);
}

function eventDetail(execution: Execution) {
  const { status, input, output } = execution;
  const included = Buffer.byteLength(input) + Buffer.byteLength(output ?? '') <= EVENT_DATA_BYTES;
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status,
    startDate: execution.startedAt,
    stopDate: execution.stoppedAt ?? null,
    input: included ? input : null,
    output: included ? (output ?? null) : null,
    stateMachineVersionArn: execution.versionArn ?? null,
    stateMachineAliasArn: execution.aliasArn ?? null,
    redriveCount: execution.redriveCount,
    redriveDate: execution.redrivenAt ?? null,
    redriveStatus: status === 'RUNNING' || status === 'SUCCEEDED' ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
    redriveStatusReason: null,
    inputDetails: { included },
    outputDetails: output === undefined ? null : { included },
    error: execution.error ?? null,
    cause: execution.cause ?? null,
  };
}
