/** Alarms of a Step Functions workflow. step-functions/latest/dg/procedure-cw-metrics.html */
import type { IConstruct } from 'constructs';
import { sumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

function ofExecutions(
  watched: IConstruct,
  stateMachineArn: string,
  metricName: string,
): Pick<AlarmSpecification, 'watched' | 'metric' | 'threshold' | 'minutes' | 'runbook'> {
  return {
    watched,
    metric: sumOf('AWS/States', metricName, { StateMachineArn: stateMachineArn }),
    threshold: 0,
    minutes: 1,
    runbook: 'workflow',
  };
}

/** An execution that failed is one whose compensation failed: what it should have undone is not. */
export function executionsFailed(watched: IConstruct, stateMachineArn: string): AlarmSpecification {
  return {
    ...ofExecutions(watched, stateMachineArn, 'ExecutionsFailed'),
    severity: 'critical',
    description:
      'An execution has failed, and what it began is neither done nor undone. Its history says at which state; mend the cause and redrive it.',
  };
}

export function executionsTimedOut(watched: IConstruct, stateMachineArn: string): AlarmSpecification {
  return {
    ...ofExecutions(watched, stateMachineArn, 'ExecutionsTimedOut'),
    severity: 'critical',
    description:
      'An execution has run out of time as a whole, and nothing undoes what it began. See which state waits.',
  };
}

/** Late, not lost: Step Functions begins the state when it may. */
export function executionsThrottled(watched: IConstruct, stateMachineArn: string): AlarmSpecification {
  return {
    ...ofExecutions(watched, stateMachineArn, 'ExecutionThrottled'),
    minutes: 5,
    severity: 'warning',
    description:
      'State transitions are throttled: executions are late. Ask for a higher quota of state transitions a second.',
  };
}
