/** What Waybill's runtime does with the table of controls, by the variables that the constructs set. */
import { formatArn } from '../assembly/index.ts';
import type { LambdaFunction, Messaging, Resource, Role } from '../assembly/index.ts';
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
 * | failures#CONSUMER | a consumer of a queue | UpdateItem |
 * | parked#CONSUMER | a consumer of a queue | DeleteItem, PutItem, Query |
 */
export function usingControls(
  messaging: Messaging,
  actor: Actor,
  { environment, ...place }: Pick<LambdaFunction, 'environment' | 'accountId' | 'region'>,
): readonly Permission[] {
  const tableName = environment['WAYBILL_CONTROLS_TABLE'];
  if (tableName === undefined) return [];
  const table = messaging.assembly.ofType('AWS::DynamoDB::GlobalTable').find(({ ref }) => ref === tableName);
  // In a Region that stands by the table is a replica, which the first Region's templates have made.
  const tableArn = table?.arn ?? formatArn('dynamodb', place, `table/${tableName}`);
  // A reader of a stream or a broker has no queue: it parks nothing, and its attempts are counted elsewhere.
  const consumer =
    environment['WAYBILL_QUEUE_URL'] === undefined ? undefined : environment['WAYBILL_CONSUMER'];
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
        resourceArn: tableArn,
        keys: { 'dynamodb:LeadingKeys': partition },
      })),
    ),
    // Whether a key that is not in the templates lets it, they do not say.
    ...(table === undefined ? [] : tableKeyUse(messaging, table, actor)),
  ];
}

/**
 * What the key of such a table is, the templates do not say either: a key of none of them that the role is let use
 * through DynamoDB.
 */
export function keysOfTablesElsewhere(
  { assembly, functions, keys }: Messaging,
  role: Role,
): readonly string[] {
  const isUser = functions.some(({ roleArn, environment }) => {
    const tableName = environment['WAYBILL_CONTROLS_TABLE'];
    const isHere = assembly.ofType('AWS::DynamoDB::GlobalTable').some(({ ref }) => ref === tableName);
    return roleArn === role.arn && tableName !== undefined && !isHere;
  });
  if (!isUser) return [];
  const ours = new Set(keys.map(({ arn }) => arn));
  return role.policies
    .flatMap(({ statements }) => statements)
    .filter(({ Condition: condition }) => JSON.stringify(condition ?? null).includes('"dynamodb.'))
    .flatMap(({ Resource: resources }) => resources)
    .filter((arn) => typeof arn === 'string')
    .filter((arn) => !arn.includes('*') && !ours.has(arn));
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
