/** The subscribers of Custom Event Buses (AWS::EventsV2) of an assembly. */
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { number, object, objects, text } from './property.ts';

export interface Subscriber extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly busArn: string;
  /** `FIFO`: in the order of each event group. */
  readonly type: 'FIFO' | 'UNORDERED';
  readonly filters: readonly SubscriberFilter[];
  /** In JSONata: what the target gets. Undefined: the event's data. */
  readonly transformer: string | undefined;
  readonly targetArn: string;
  readonly roleArn: string | undefined;
  readonly deadLetterArn: string | undefined;
  /** Undefined: the service's own, 300 seconds. */
  readonly maximumEventAgeSeconds: number | undefined;
  /** Undefined: the service's own, 5. */
  readonly maximumRetryAttempts: number | undefined;
  /** Of messages to a queue or topic; often an expression in JSONata. */
  readonly messageGroupId: string | undefined;
  readonly messageDeduplicationId: string | undefined;
}

export interface SubscriberFilter {
  readonly scope: string;
  /** JSON. */
  readonly pattern: string;
}

export function subscribersOf(assembly: Assembly): readonly Subscriber[] {
  return assembly.ofType('AWS::EventsV2::Subscriber').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const invoke = object(properties['InvokeConfiguration']) ?? {};
    const message = object(invoke['SqsParameters']) ?? object(invoke['SnsParameters']);
    const retry = object(properties['RetryPolicy']);
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      busArn: text(properties['EventBusArn']) ?? '',
      type: properties['Type'] === 'FIFO' ? 'FIFO' : 'UNORDERED',
      filters: objects(object(properties['FilterConfiguration'])?.['Filters']).map((filter) => ({
        scope: text(filter['Scope']) ?? '',
        pattern: text(filter['Pattern']) ?? '',
      })),
      transformer: text(object(object(properties['Transformer'])?.['JsonataConfiguration'])?.['Expression']),
      targetArn: text(invoke['TargetArn']) ?? '',
      roleArn: text(invoke['RoleArn']),
      deadLetterArn: text(object(properties['OnFailureConfiguration'])?.['Arn']),
      maximumEventAgeSeconds: number(retry?.['MaxEventAgeInSeconds']),
      maximumRetryAttempts: number(retry?.['MaxRetryAttempts']),
      messageGroupId: text(message?.['MessageGroupId']),
      messageDeduplicationId: text(message?.['MessageDeduplicationId']),
    };
  });
}
