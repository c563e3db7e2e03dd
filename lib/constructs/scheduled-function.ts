/** A function that a schedule runs every so many minutes: sweeps of what is overdue, and their like. */
import { Duration } from 'aws-cdk-lib';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { asyncDestinationFailed, deadLetters, functionSilent, HopAlarms } from './alarms/index.ts';
import { createDeadLetterQueue } from './dead-letter-queue.ts';
import { EventFunction } from './event-function.ts';
import type { FunctionProps } from './event-function.ts';
import { kebabCase } from './names.ts';
import { intervalInRange, scheduleFunction } from './schedule-function.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface ScheduledFunctionProps extends FunctionProps {
  /**
   * How often it runs: whole minutes, up to a day.
   * @default Duration.minutes(1)
   */
  readonly interval?: Duration;
  /**
   * Encrypts the dead-letter queue.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly encryptionKey?: IKey;
}

/**
 * A run that fails is not tried again, because the next one does its work; it is kept in the dead-letter queue with
 * the reason. An alarm tells of runs that fail, and of runs that do not happen.
 *
 * @example
 * new ScheduledFunction(this, 'OrderTimeouts', { entry: 'lambda/handlers/order-timeouts.ts', outbox: relay });
 */
export class ScheduledFunction extends Construct implements IGrantable {
  readonly handler: EventFunction;
  readonly function: LambdaFunction;
  readonly grantPrincipal: IPrincipal;
  readonly schedule: CfnSchedule;
  /** Runs that could not begin, and runs that failed. */
  readonly deadLetterQueue: Queue;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError when the interval or a value of the function is out of range */
  constructor(scope: Construct, id: string, props: ScheduledFunctionProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    const name = kebabCase(id);
    this.handler = new EventFunction(
      this,
      'Handler',
      { ...props, timeout: props.timeout ?? DEFAULT_TIMEOUT },
      { variable: 'WAYBILL_SERVICE', name, kind: 'function', owner: this },
    );
    this.function = this.handler.function;
    this.grantPrincipal = this.handler.grantPrincipal;
    const alarms = new HopAlarms(this, props, this);
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      encryptionKey: props.encryptionKey,
      owner: name,
    });
    const interval = props.interval ?? Duration.minutes(1);
    this.schedule = scheduleFunction(this, {
      target: this.handler,
      interval,
      owner: name,
      deadLetterQueue: this.deadLetterQueue,
      encryptionKey: props.encryptionKey,
      runbook: RUNBOOK,
      alarms,
    });
    const runbook = RUNBOOK;
    const kept = { severity: 'warning', runbook } as const;
    alarms.add('DeadLetterAlarm', deadLetters(this.deadLetterQueue, `A run of ${name}`, kept));
    alarms.add('DestinationAlarm', { ...asyncDestinationFailed(this.function), runbook });
    alarms.add('SilentAlarm', {
      ...functionSilent(this.function, interval),
      runbook,
      description:
        'The function has not run for five intervals: what is overdue stays as it is. See the schedule and its role.',
    });
    alarms.unhealthy(name, runbook, this.handler.symptoms);
    this.alarms = [...alarms.all, ...this.handler.alarms];
  }
}

const RUNBOOK = 'scheduled-function';
/** Just under the least interval, so that runs do not pile up. */
const DEFAULT_TIMEOUT = Duration.seconds(55);

const RULES: readonly Rule<ScheduledFunctionProps>[] = [intervalInRange];
