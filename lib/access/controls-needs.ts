/** What Waybill's runtime does with the table of controls, by the variables that the constructs set. */
import type { Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { Actor } from './actor.ts';
import type { Permission } from './permission.ts';

/**
 * Rows of one partition at a time, which the policy names (lambda/runtime/degradation/control-keys.ts):
 *
 * | partition | of whom | actions |
 * |---|---|---|
 * | switches | every function | Query |
 * | breaker#DEPENDENCY | each of WAYBILL_DEPENDENCIES | GetItem, UpdateItem |
 * | failures#CONSUMER | a consumer | UpdateItem |
 * | parked#CONSUMER | a consumer | DeleteItem, PutItem, Query |
 */
export function usingControls(
  messaging: Messaging,
  actor: Actor,
  environment: Readonly<Record<string, string>>,
): readonly Permission[] {
  const tableName = environment['WAYBILL_CONTROLS_TABLE'];
  if (tableName === undefined) return [];
  const table = messaging.assembly.ofType('AWS::DynamoDB::GlobalTable').find(({ ref }) => ref === tableName);
  if (table === undefined) return [];
  const consumer = environment['WAYBILL_CONSUMER'];
  const dependencies = (environment['WAYBILL_DEPENDENCIES'] ?? '').split(',').filter((name) => name !== '');
  const uses: readonly (readonly [string, readonly string[]])[] = [
    ['switches', ['Query']],
    ...dependencies.map((name) => [`breaker#${name}`, ['GetItem', 'UpdateItem']] as const),
    ...(consumer === undefined
      ? []
      : ([
          [`failures#${consumer}`, ['UpdateItem']],
          [`parked#${consumer}`, ['DeleteItem', 'PutItem', 'Query']],
        ] as const)),
  ];
  return [
    ...uses.flatMap(([partition, actions]) =>
      actions.map((action) => ({
        actor,
        action: `dynamodb:${action}`,
        resourceArn: table.arn ?? '',
        keys: { 'dynamodb:LeadingKeys': partition },
      })),
    ),
    ...tableKeyUse(messaging, table, actor),
  ];
}

/** DynamoDB uses the table's key in the name of whoever calls it. */
export function tableKeyUse(
  messaging: Messaging,
  { region, properties: { Replicas: replicas } }: Resource,
  actor: Actor,
): readonly Permission[] {
  const [encryption] = (Array.isArray(replicas) ? replicas : [])
    .filter(isRecord)
    .filter((replica) => replica['Region'] === region)
    .map((replica) => replica['SSESpecification']);
  const key = isRecord(encryption) ? messaging.key(encryption['KMSMasterKeyId']) : undefined;
  if (key === undefined) return [];
  const keys = { 'kms:ViaService': `dynamodb.${region}.amazonaws.com` };
  return ['kms:Decrypt', 'kms:DescribeKey'].map((action) => ({
    actor,
    action,
    resourceArn: key.arn,
    keys,
  }));
}
