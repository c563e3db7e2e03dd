/** The parts of a MessageBus that is a Custom Event Bus (AWS::EventsV2): the bus, and who may use its key. */
import { Annotations, Stack } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct, IConstruct } from 'constructs';
import { EventsV2Resource } from './events-v2-resource.ts';
import { CUSTOM_EVENT_BUS_RETENTION_DAYS } from './limits.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

export interface CustomEventBusProps {
  readonly name: string;
  readonly description: string | undefined;
  readonly archiveRetention: Duration | undefined;
  readonly encryptionKey: IKey | undefined;
}

export function createCustomEventBus(scope: Construct, props: CustomEventBusProps): EventsV2Resource {
  const { encryptionKey } = props;
  const retentionPeriodInDays = props.archiveRetention?.toDays() ?? CUSTOM_EVENT_BUS_RETENTION_DAYS.default;
  const bus = new EventsV2Resource(scope, 'CustomEventBus', 'AWS::EventsV2::EventBus', {
    Name: props.name,
    Description: props.description,
    StorageConfiguration: { RetentionPeriodInDays: retentionPeriodInDays },
    ...(encryptionKey === undefined
      ? {}
      : { EncryptionConfiguration: { KmsKeyIdentifier: encryptionKey.keyArn } }),
  });
  if (encryptionKey !== undefined) allowBusToUseKey(scope, encryptionKey, props.name);
  recordNode(scope, { kind: 'bus', resource: bus });
  recordEdge(scope, { kind: 'archives', from: scope, to: scope, retentionDays: retentionPeriodInDays });
  return bus;
}

/**
 * A publisher to a bus under a customer key needs `kms:Decrypt` on it: EventBridge checks, with the
 * publisher's credentials, that it could read back what it writes.
 */
export function grantUseOfBusKey(grantee: IGrantable, scope: IConstruct, key: IKey, busName: string): void {
  const { region } = Stack.of(scope);
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: {
        StringEquals: { 'kms:ViaService': `events.${region}.amazonaws.com` },
        StringLike: { [ENCRYPTION_CONTEXT]: busArnPattern(scope, busName) },
      },
    }),
  );
}

/** "Writing the key policy", eventbridge/latest/userguide/eb-custom-bus-encryption.html. */
const ENCRYPTION_CONTEXT = 'kms:EncryptionContext:aws:events:event-busv2:arn';
const SERVICE_ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/**
 * The statement of the same page for the service. Its other two are for roles that create the bus, subscribe
 * or publish: a CDK key leaves those to the policies of the account's identities, as the page allows.
 */
function allowBusToUseKey(scope: IConstruct, key: IKey, busName: string): void {
  if (!(key instanceof Key)) {
    Annotations.of(scope).addWarningV2(
      'waybill:importedKey:customEventBus',
      `the key is imported, so its policy cannot be edited here: make sure that it allows events.amazonaws.com ${SERVICE_ACTIONS.join(', ')} for this bus, else the bus cannot be created`,
    );
    return;
  }
  const busArn = busArnPattern(scope, busName);
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: SERVICE_ACTIONS,
      resources: ['*'],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(scope).account },
        ArnLike: { 'aws:SourceArn': busArn },
        StringLike: { [ENCRYPTION_CONTEXT]: busArn },
      },
    }),
  );
}

/** By name and not by reference, which would lead from the key back to the key. The id after the name is AWS's. */
function busArnPattern(scope: IConstruct, busName: string): string {
  return Stack.of(scope).formatArn({
    service: 'events',
    resource: 'event-busv2',
    resourceName: `${busName}/*`,
  });
}
