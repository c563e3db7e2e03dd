/** The Custom Event Buses (AWS::EventsV2) of an assembly. Their subscribers are in subscribers.ts. */
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { number, object, text } from './property.ts';
import { policiesByTarget } from './resource-policies.ts';
import type { AttachedPolicy } from './resource-policies.ts';

export interface CustomBus extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly kmsKeyId: string | undefined;
  /** How long it keeps every event. */
  readonly retentionDays: number;
  /** Of AWS::EventsV2::ResourcePolicy. */
  readonly policies: readonly AttachedPolicy[];
}

/** What the service takes where the template is silent, eventbridge/latest/userguide/eb-custom-bus-create.html. */
const DEFAULT_RETENTION_DAYS = 1;

export function customBusesOf(assembly: Assembly): readonly CustomBus[] {
  const policies = policiesByTarget(assembly.ofType('AWS::EventsV2::ResourcePolicy'), ({ properties }) =>
    ['EventBusArn', 'ResourceArn'].flatMap((name) => text(properties[name]) ?? []),
  );
  return assembly.ofType('AWS::EventsV2::EventBus').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const arn = resource.arn ?? '';
    return {
      resource,
      accountId,
      region,
      arn,
      name,
      kmsKeyId: text(object(properties['EncryptionConfiguration'])?.['KmsKeyIdentifier']),
      retentionDays:
        number(object(properties['StorageConfiguration'])?.['RetentionPeriodInDays']) ??
        DEFAULT_RETENTION_DAYS,
      policies: policies.get(arn) ?? [],
    };
  });
}
