/** The pipes and schedules of an assembly. */
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { list, number, object, text } from './property.ts';

export interface Schedule extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly expression: string;
  readonly enabled: boolean;
  readonly targetArn: string;
  readonly roleArn: string | undefined;
  readonly deadLetterArn: string | undefined;
  /** Undefined: the scheduler's own, 24 hours. */
  readonly maximumEventAgeSeconds: number | undefined;
  /** Undefined: the scheduler's own, 185. */
  readonly maximumRetryAttempts: number | undefined;
  readonly messageGroupId: string | undefined;
}

export interface Pipe extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly sourceArn: string;
  readonly targetArn: string;
  readonly enrichmentArn: string | undefined;
  readonly roleArn: string | undefined;
  /** Of a stream; a queue has its own. */
  readonly deadLetterArn: string | undefined;
  /** Of a stream; undefined: until the record expires. */
  readonly maximumRetryAttempts: number | undefined;
  /** Patterns as JSON, of which one has to match. */
  readonly filters: readonly string[];
  readonly sourceParameters: Readonly<Record<string, unknown>>;
  readonly targetParameters: Readonly<Record<string, unknown>>;
}

export function schedulesOf(assembly: Assembly): readonly Schedule[] {
  return assembly.ofType('AWS::Scheduler::Schedule').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const target = object(properties['Target']) ?? {};
    const retry = object(target['RetryPolicy']);
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      expression: text(properties['ScheduleExpression']) ?? '',
      enabled: properties['State'] !== 'DISABLED',
      targetArn: text(target['Arn']) ?? '',
      roleArn: text(target['RoleArn']),
      deadLetterArn: text(object(target['DeadLetterConfig'])?.['Arn']),
      maximumEventAgeSeconds: number(retry?.['MaximumEventAgeInSeconds']),
      maximumRetryAttempts: number(retry?.['MaximumRetryAttempts']),
      messageGroupId: text(object(target['SqsParameters'])?.['MessageGroupId']),
    };
  });
}

export function pipesOf(assembly: Assembly): readonly Pipe[] {
  return assembly.ofType('AWS::Pipes::Pipe').map((resource) => {
    const { properties, accountId, region } = resource;
    const sourceParameters = object(properties['SourceParameters']) ?? {};
    // DynamoDBStreamParameters, KinesisStreamParameters: a pipe has one source and so one of them.
    const [, stream] =
      Object.entries(sourceParameters).find(([name]) => name.endsWith('StreamParameters')) ?? [];
    const parameters = object(stream);
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      sourceArn: text(properties['Source']) ?? '',
      targetArn: text(properties['Target']) ?? '',
      enrichmentArn: text(properties['Enrichment']),
      roleArn: text(properties['RoleArn']),
      deadLetterArn: text(object(parameters?.['DeadLetterConfig'])?.['Arn']),
      maximumRetryAttempts: number(parameters?.['MaximumRetryAttempts']),
      filters: list(object(sourceParameters['FilterCriteria'])?.['Filters']).flatMap(
        (filter) => text(object(filter)?.['Pattern']) ?? [],
      ),
      sourceParameters,
      targetParameters: object(properties['TargetParameters']) ?? {},
    };
  });
}
