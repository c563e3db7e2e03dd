/**
 * Grants that serve nothing: actions, principals and sources of Allow statements that no need of the assembly uses,
 * and wildcards that reach further than any need. What a resource's own account may do by its default is left alone.
 *
 * | grant | judged |
 * |---|---|
 * | to a role of a function or process that the topology declares, or in which hops are carried and no code runs | yes |
 * | to any other role: what it is for is not known | no |
 * | by a queue, topic, bus or function that the topology declares; by a key | yes |
 * | by any other queue, topic, bus or function | no |
 * | on what a variable of the role's function names | no: the code is told of it |
 * | of a key that is not in the assembly, by DynamoDB, for a table of controls that is not either | no |
 * | to connections of a WebSocket API that the topology declares | yes |
 * | to objects of a bucket that is a claim check | yes |
 * | of S3 otherwise | no |
 * | every action of any service, such as `dynamodb:*` | yes, whatever it is on: no code uses all of them |
 * | of another action of a service that is not in JUDGED_SERVICES | no: whether code uses it is not known |
 * | to alarms, by an alert topic that no alarm here uses: it awaits those of others | no |
 * | to a service that is not in KNOWN_SERVICES, by a queue, topic, bus, function or key | no |
 */
import type { AttachedPolicy, Messaging, PolicyStatement, Resource, Role } from '../assembly/index.ts';
import { isUnknown } from '../assembly/index.ts';
import type { TopologyNode } from '../topology/index.ts';
import { evaluate, readPolicy } from '../policies/index.ts';
import { principalOf } from './actor.ts';
import { claimBuckets } from './claim-check-needs.ts';
import { keysOfTablesElsewhere } from './controls-needs.ts';
import type { Permission } from './permission.ts';
import { needsOf } from './needs.ts';
import type { Need } from './needs.ts';
import { requestKeys } from './request-keys.ts';

export interface Excess {
  /** The policy's resource, or what it belongs to. */
  readonly resource: Resource;
  readonly kind: 'unused' | 'tooWide';
  /** The action, source or principal, as it stands in the statement. */
  readonly what: string;
  /** One sentence. */
  readonly message: string;
}

/** Everything that is granted in the assembly beyond its needs. */
export function excessOf(messaging: Messaging): readonly Excess[] {
  const needs = needsOf(messaging);
  const ofRoles = Map.groupBy(
    needs.filter(({ permission }) => permission.actor.kind === 'role'),
    ({ permission }) => (permission.actor.kind === 'role' ? permission.actor.role.arn : ''),
  );
  const ofResources = Map.groupBy(needs, ({ permission }) => permission.resourceArn);
  const isDeclared = declaredIn(messaging);
  const owners: readonly { readonly arn: string; readonly policies: readonly AttachedPolicy[] }[] = [
    ...[
      ...messaging.queues,
      ...messaging.topics,
      ...messaging.buses,
      ...messaging.customBuses,
      ...messaging.functions,
    ].filter(({ resource }) => isDeclared(resource)),
    ...messaging.keys,
  ];
  // Code of others is never judged: what it does with its role is not known.
  const ours = messaging.assembly.topology === undefined ? [] : messaging.functions;
  const machines = messaging.assembly.topology === undefined ? [] : messaging.stateMachines;
  const processes = (messaging.assembly.topology === undefined ? [] : messaging.processes).filter(
    ({ resource }) => isDeclared(resource),
  );
  const ofDeclared = new Set([
    ...[...ours, ...machines].filter(({ resource }) => isDeclared(resource)).map(({ roleArn }) => roleArn),
    ...processes.flatMap(({ roleArn, executionRoleArn }) => [roleArn, executionRoleArn]),
  ]);
  const isAccountedFor = ({ arn, trust }: Role): boolean =>
    ofDeclared.has(arn) || (ofRoles.has(arn) && !trust.some(letsCodeIn));
  const awaitingAlarms = topicsAwaitingAlarms(messaging, needs);
  const isJudged = judgedBy(messaging);
  return [
    ...messaging.roles
      .filter(isAccountedFor)
      .flatMap((role) => [
        ...excessOfRole(
          role,
          ofRoles.get(role.arn) ?? [],
          [...namedResources(messaging, role), ...keysOfTablesElsewhere(messaging, role)],
          isJudged,
        ),
        ...excessOfTrust(role, ofResources.get(role.arn) ?? []),
      ]),
    ...owners.flatMap(({ arn, policies }) =>
      policies.flatMap(({ resource, statements }) =>
        statements
          .filter((statement) => !(awaitingAlarms.has(arn) && isForAlarms(statement)))
          .flatMap((statement) => excessOfStatement(resource, statement, ofResources.get(arn) ?? [])),
      ),
    ),
  ];
}

/** Services that put, take and encrypt messages, and what a function needs to run. */
const JUDGED_SERVICES: ReadonlySet<string> = new Set(
  'sqs sns events scheduler states kms lambda logs ec2 ecr secretsmanager sts kinesis kafka kafka-cluster mq'.split(
    ' ',
  ),
);

type Judged = (action: string, target: string) => boolean;

/** Connections only of declared APIs: who else sends to those of others is not known. */
function judgedBy({ assembly, functions }: Messaging): Judged {
  const claims = claimBuckets(assembly, functions).flatMap(({ arn }) => arn ?? []);
  const isStage = isAmong((assembly.topology?.nodes ?? []).filter(({ kind }) => kind === 'webSocketApi'));
  const declared = new Set(
    assembly.ofType('AWS::ApiGatewayV2::Stage').flatMap((stage) => {
      const { ApiId: api } = stage.properties;
      return isStage(stage) && typeof api === 'string' ? api : [];
    }),
  );
  return (action, target) => {
    const service = action.split(':')[0] ?? '';
    if (service === 'execute-api') return declared.has(apiIdIn(target));
    if (service === 's3') return claims.some((arn) => target === arn || target.startsWith(`${arn}/`));
    return JUDGED_SERVICES.has(service) || action === '*';
  };
}

/** Of `arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`. */
function apiIdIn(arn: string): string {
  return arn.split(':')[5]?.split('/')[0] ?? '';
}

/** Services whose deliveries an assembly tells in full. */
const KNOWN_SERVICES: ReadonlySet<string> = new Set(
  ['sns', 'events', 'cloudwatch', 'scheduler', 'pipes', 'apigateway', 'lambda', 'vpc-flow-logs'].map(
    (service) => `${service}.amazonaws.com`,
  ),
);

/** Services that run code of the application's in a role. */
const RUNS_CODE = /^(?:lambda|ecs-tasks|ec2|codebuild|states|glue|sagemaker)\./;

function letsCodeIn({ Principal: principal }: PolicyStatement): boolean {
  return servicesIn(principal).some((service) => RUNS_CODE.test(service));
}

/**
 * Whether a resource is a node of the topology. Beside Waybill's constructs, who else uses what others have made is not
 * known; without any topology everything is taken to be told by the templates.
 */
function declaredIn({ assembly: { topology } }: Messaging): (resource: Resource) => boolean {
  if (topology === undefined) return () => true;
  return isAmong(topology.nodes);
}

function isAmong(nodes: readonly TopologyNode[]): (resource: Resource) => boolean {
  const places = new Set(nodes.map(({ stack, logicalId }) => `${stack} ${logicalId}`));
  return ({ stack, logicalId }) => places.has(`${stack.stackName} ${logicalId}`);
}

/** Alert topics that no alarm of the assembly uses: they are there for those of others, or for those to come. */
function topicsAwaitingAlarms({ assembly, topics }: Messaging, needs: readonly Need[]): ReadonlySet<string> {
  const isAlertTopic = isAmong((assembly.topology?.nodes ?? []).filter(({ kind }) => kind === 'alertTopic'));
  const used = new Set(
    needs.flatMap(({ permission: { actor, resourceArn } }) =>
      actor.kind === 'service' && actor.service === ALARMS ? [resourceArn] : [],
    ),
  );
  return new Set(
    topics
      .filter(({ resource }) => isAlertTopic(resource))
      .map(({ arn }) => arn)
      .filter((arn) => !used.has(arn)),
  );
}

const ALARMS = 'cloudwatch.amazonaws.com';

function isForAlarms({ Principal: principal }: PolicyStatement): boolean {
  const services = servicesIn(principal);
  return services.length > 0 && services.every((service) => service === ALARMS);
}

function servicesIn(principal: unknown): readonly string[] {
  return listOf((principal as { readonly Service?: unknown } | undefined)?.Service);
}

/** ARNs of what the variables of the role's functions name, besides Waybill's own, whose use is known. */
function namedResources({ functions, processes, assembly }: Messaging, role: Role): readonly string[] {
  const values = new Set(
    [...functions, ...processes]
      .filter(({ roleArn }) => roleArn === role.arn)
      .flatMap(({ environment }) => Object.entries(environment))
      .filter(([variable]) => !variable.startsWith('WAYBILL_'))
      .map(([, value]) => value),
  );
  if (values.size === 0) return [];
  return assembly.resources
    .filter(
      ({ arn, ref, name, type }) =>
        type !== 'AWS::SecretsManager::Secret' &&
        [arn, ref, name].some((one) => one !== undefined && values.has(one)),
    )
    .flatMap(({ arn }) => arn ?? []);
}

/** `dynamodb:*` deletes tables, too. */
const WHOLE_SERVICE = /^[a-z0-9-]+:\*$/;

/** Every pair of action and resource of an identity policy has to serve a need, without reaching further. */
function excessOfRole(
  role: Role,
  needs: readonly Need[],
  named: readonly string[],
  isJudged: Judged,
): Excess[] {
  return role.policies.flatMap(({ resource, statements }) =>
    statements.flatMap((statement) => {
      if (isIncomplete(statement, 'identity')) return [incomplete(resource, statement)];
      if (!allows(statement)) return [];
      const actions = listOf(statement['Action']);
      if (actions.length === 0)
        return [tooWide(resource, 'NotAction', 'it allows everything but some actions')];
      return actions.flatMap((action) =>
        listOf(statement['Resource'])
          .filter(
            (target) =>
              WHOLE_SERVICE.test(action) ||
              (isJudged(action, target) && !named.some((arn) => target.startsWith(arn))),
          )
          .flatMap((target) => excessOfGrant(resource, statement, action, target, needs)),
      );
    }),
  );
}

function excessOfGrant(
  resource: Resource,
  statement: PolicyStatement,
  action: string,
  target: string,
  needs: readonly Need[],
): Excess[] {
  if (isUnknown(target)) return [];
  if (/[*?]/.test(action)) return [tooWide(resource, action, `the action ${action} is a wildcard`)];
  const alone = { ...statement, Action: action, Resource: target };
  const served = needs.filter(
    ({ permission }) => permission.action === action && isAllowedBy(alone, permission),
  );
  if (served.length === 0) return [unused(resource, action, `nothing needs ${action} on ${target}`)];
  if (isForeignKeys(statement, target, resource)) return [];
  if (/[*?]/.test(target) && !served.some(({ permission }) => covers(permission.resourceArn, target))) {
    return [
      tooWide(
        resource,
        action,
        `${action} is allowed on ${target}, and needed only on ${served[0]?.permission.resourceArn}`,
      ),
    ];
  }
  return [];
}

/** A wildcard that is itself what is needed: `*` where an action knows no resources, `log-group:x:*`, a secret's suffix. */
function covers(needed: string, granted: string): boolean {
  if (needed === granted) return true;
  // The id of a connection is made up when it is made.
  if (granted.endsWith('/@connections/*')) return needed.startsWith(granted.slice(0, -1));
  return granted.endsWith('-??????') && needed.startsWith(granted.slice(0, -'??????'.length));
}

/** The id of a key elsewhere is made up there: for one queue or topic its every key may be named, and its policy decides. */
function isForeignKeys(statement: PolicyStatement, target: string, { accountId, region }: Resource): boolean {
  const [, keyRegion, keyAccount] = /^arn:[\w-]+:kms:([\w-]+):(\d{12}):key\/\*$/.exec(target) ?? [];
  if (keyRegion === undefined || (keyRegion === region && keyAccount === accountId)) return false;
  return JSON.stringify(statement['Condition'] ?? {}).includes('"kms:EncryptionContext:');
}

function excessOfTrust(role: Role, needs: readonly Need[]): Excess[] {
  return role.trust.flatMap((statement) => excessOfStatement(role.resource, statement, needs));
}

/** Each action, principal and source of a resource policy's statement has to serve a need by itself. */
function excessOfStatement(resource: Resource, statement: PolicyStatement, needs: readonly Need[]): Excess[] {
  if (isIncomplete(statement, resource.type === 'AWS::IAM::Role' ? 'trust' : 'resource'))
    return [incomplete(resource, statement)];
  if (!allows(statement) || isAccountItself(statement, resource)) return [];
  const services = servicesIn(statement['Principal']);
  if (services.length > 0 && !services.every((service) => KNOWN_SERVICES.has(service))) return [];
  const serves = (part: PolicyStatement) =>
    needs.some(({ permission }) => isAllowedBy(part, permission, resource));
  return [
    ...listOf(statement['Action'])
      .filter((action) => !serves({ ...statement, Action: action }))
      .map((action) =>
        unused(resource, action, `nothing needs ${action} of this statement (${sidOf(statement)})`),
      ),
    ...sourcesOf(statement)
      .filter(({ alone }) => !serves(alone))
      .map(({ source }) => unused(resource, source, `nothing that it allows comes from ${source}`)),
    ...listOf(statement['Action'])
      .filter((action) => /[*?]/.test(action))
      .map((action) => tooWide(resource, action, `the action ${action} is a wildcard`)),
  ];
}

/**
 * What AWS refuses.
 *
 * | policy | every statement names |
 * |---|---|
 * | identity | effect, resource |
 * | resource | effect, resource, principal |
 * | trust | effect, principal |
 */
function isIncomplete(statement: PolicyStatement, policy: 'identity' | 'resource' | 'trust'): boolean {
  const { Effect: effect, Resource: named, NotResource: others } = statement;
  const { Principal: principal, NotPrincipal: otherPrincipals } = statement;
  if ((effect !== 'Allow' && effect !== 'Deny') || !isReadable(statement)) return true;
  if (policy !== 'trust' && listOf(named ?? others).length === 0) return true;
  return policy !== 'identity' && (principal ?? otherPrincipals) === undefined;
}

/** Not with an operator that does not exist, for example. */
function isReadable(statement: PolicyStatement): boolean {
  try {
    readPolicy({ Version: '2012-10-17', Statement: [statement] });
    return true;
  } catch {
    return false;
  }
}

function incomplete(resource: Resource, statement: PolicyStatement): Excess {
  return tooWide(resource, 'Statement', `a statement is not whole, and AWS refuses it (${sidOf(statement)})`);
}

/** The values of conditions on the source, one by one. */
function sourcesOf(statement: PolicyStatement): readonly { source: string; alone: PolicyStatement }[] {
  const conditions = Object.entries(
    (statement['Condition'] ?? {}) as Record<string, Record<string, unknown>>,
  );
  return conditions.flatMap(([operator, keys]) =>
    Object.entries(keys)
      .filter(([key]) => /^aws:source(arn|account|owner)$/i.test(key))
      .flatMap(([key, values]) =>
        listOf(values).map((source) => ({
          source,
          alone: {
            ...statement,
            Condition: { ...Object.fromEntries(conditions), [operator]: { ...keys, [key]: source } },
          },
        })),
      ),
  );
}

/** The resource's own account, which every default policy lets in: its identity policies decide. */
function isAccountItself({ Principal: principal }: PolicyStatement, { accountId }: Resource): boolean {
  const aws = (principal as { readonly AWS?: unknown } | undefined)?.AWS;
  return typeof aws === 'string' && (aws === accountId || aws.endsWith(`:iam::${accountId}:root`));
}

function isAllowedBy(statement: PolicyStatement, permission: Permission, of?: Resource): boolean {
  const { actor, action, resourceArn, keys } = permission;
  const accountId = actor.kind === 'role' ? actor.role.accountId : '';
  const policy = readPolicy({ Version: '2012-10-17', Statement: [statement] });
  const resourceAccountId = of?.accountId ?? accountId;
  return evaluate({
    principal: principalOf(actor, accountId),
    action,
    resourceArn,
    resourceAccountId,
    keys: requestKeys(actor, {
      resourceArn,
      resourceAccountId,
      region: of?.region ?? '',
      ...(keys === undefined ? {} : { own: keys }),
    }),
    // A resource's statement is asked with an identity that may do everything, and the other way round.
    policies: of === undefined ? { identity: [policy] } : { identity: [EVERYTHING], resource: policy },
    resourcePolicyDecides: of !== undefined,
  }).allowed;
}

const EVERYTHING = readPolicy({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });

function allows({ Effect: effect }: PolicyStatement): boolean {
  return effect === 'Allow';
}

function listOf(value: unknown): readonly string[] {
  return [value ?? []].flat().map(String);
}

function sidOf({ Sid: sid }: PolicyStatement): string {
  return typeof sid === 'string' ? `Sid ${sid}` : 'without Sid';
}

function unused(resource: Resource, what: string, message: string): Excess {
  return { resource, kind: 'unused', what, message };
}

function tooWide(resource: Resource, what: string, message: string): Excess {
  return { resource, kind: 'tooWide', what, message };
}
