/**
 * W22: more privilege than the edges need.
 *
 * | grant | found as |
 * |---|---|
 * | an identity may do `sqs:*`, `sns:*`, `*` or another wildcard over actions that move messages | W22 |
 * | a role is assumed by any action of STS (`sts:*`) | W22 |
 * | an identity may move messages on every queue, topic or bus (`Resource: *`), or to connections of every WebSocket API | W22 |
 * | the same, of sns:Publish by the role in which Cognito texts to phones | nothing: phones have no ARN |
 * | a queue, topic or bus lets anybody in, without a condition | W22 |
 * | a queue, topic or bus lets a service in for anybody's resources (no source condition) | W22A |
 * | a role lets EventBridge Scheduler in for anybody's schedules | W22A |
 * | in an application of Waybill's: anything that no edge uses | W22 |
 * | keys, whose use by EventBridge supports no condition; roles that AWS or CDK make for deployment | nothing |
 *
 * IAM/latest/UserGuide/best-practices.html, "apply least-privilege permissions"; confused-deputy.html
 */
import { excessOf } from '../access/index.ts';
import type { AttachedPolicy, Messaging, PolicyStatement, Resource, Role } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import { readPolicy } from '../policies/index.ts';
import type { Finding, Guard } from './guard.ts';

export const excessPrivilege: Guard = {
  id: 'W22',
  title: 'A policy grants more than the messages of the application need',
  explanation:
    'Whoever takes over a function with such a grant reads, forges or deletes the messages of others. A mistake in its code does the same by accident, and nothing in the template tells who is meant.',
  source: 'IAM/latest/UserGuide/best-practices.html',
  level: 'error',
  check: (messaging) => [
    ...messaging.roles.flatMap(({ resource, policies, managedPolicyArns, trust }) => [
      ...wildcardTrust(resource, trust),
      ...policies.flatMap((policy) => wildcards(policy, sendsTextMessages(trust))),
      ...managedPolicyArns.filter((arn) => FULL_ACCESS.test(arn)).map((arn) => fullAccess(resource, arn)),
    ]),
    ...sinkPolicies(messaging).flatMap(openStatements),
    ...(messaging.assembly.topology === undefined ? [] : unusedGrants(messaging)),
  ],
};

export const sourcelessService: Guard = {
  id: 'W22A',
  title: "A policy lets a service in on behalf of anybody's resources",
  explanation:
    'A service principal without a condition on its source means that service for every account: whoever knows the ARN can make their own topic or rule deliver there.',
  source: 'IAM/latest/UserGuide/confused-deputy.html',
  level: 'warning',
  check: (messaging) => [
    ...sinkPolicies(messaging).flatMap(sourcelessStatements),
    ...messaging.roles.flatMap(sourcelessTrust),
  ],
};

/** Actions that put messages somewhere, take them away, or let others do so. */
const MESSAGE_ACTIONS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:PurgeQueue',
  'sns:Publish',
  'sns:Subscribe',
  'events:PutEvents',
  'execute-api:ManageConnections',
] as const;

/** Managed policies of AWS that hold all of them. */
const FULL_ACCESS =
  /:policy\/(?:AmazonSQSFullAccess|AmazonSNSFullAccess|AmazonEventBridgeFullAccess|AdministratorAccess|PowerUserAccess)$/;

function fullAccess(resource: Resource, arn: string): Finding {
  return {
    resource,
    property: 'ManagedPolicyArns',
    received: arn,
    allowed: 'the actions that are needed, on the resources that are meant',
    fix: 'grant with queue.grants, topic.grants or bus.grants instead',
  };
}

/** Whoever takes the role over could tag or name the session as well, which policies elsewhere may believe. */
function wildcardTrust(resource: Resource, trust: readonly PolicyStatement[]): Finding[] {
  return trust
    .filter(({ Effect: effect }) => effect === 'Allow')
    .flatMap((statement) => listOf(statement['Action']).filter((action) => action.includes('*')))
    .map((action) => ({
      resource,
      property: 'AssumeRolePolicyDocument',
      received: action,
      allowed: 'sts:AssumeRole, or the other action that is meant',
      fix: 'name the action',
    }));
}

/** Cognito texts codes to phones, which have no ARN. cognito/latest/developerguide/cognito-user-pool-sms-settings.html */
function sendsTextMessages(trust: readonly PolicyStatement[]): boolean {
  return trust.some(({ Principal: principal }) =>
    servicesIn(principal).includes('cognito-idp.amazonaws.com'),
  );
}

function wildcards({ resource, statements }: AttachedPolicy, isForPhones: boolean): Finding[] {
  return statements
    .filter(({ Effect: effect }) => effect === 'Allow')
    .flatMap((statement) => {
      const covered = MESSAGE_ACTIONS.filter((action) => coversAction(statement, action));
      const wild = listOf(statement['Action']).filter(
        (action) =>
          action.includes('*') && MESSAGE_ACTIONS.some((one) => coversAction({ Action: action }, one)),
      );
      const findings: Finding[] = wild.map((action) => ({
        resource,
        property: 'PolicyDocument',
        received: `${action} on ${listOf(statement['Resource']).join(', ')}`,
        allowed: 'each action by its name',
        fix: `name what is needed of ${action}: it covers ${covered.join(', ')}`,
      }));
      const tooWide = covered.filter((action) => !(isForPhones && action === 'sns:Publish'));
      if (wild.length === 0 && tooWide.length > 0 && listOf(statement['Resource']).some(meansEvery)) {
        findings.push({
          resource,
          property: 'PolicyDocument',
          received: `${tooWide.join(', ')} on every resource`,
          allowed: 'the queues, topics, buses and APIs that are meant',
          fix: `name them as the statement's Resource${tooWide.includes('sns:Publish') ? '; text messages to phones are the only thing that needs sns:Publish on *: acknowledge it then' : ''}`,
        });
      }
      return findings;
    });
}

/** `*`, or the ARN of every API of an account. */
function meansEvery(target: string): boolean {
  return target === '*' || /^arn:[^:]*:execute-api:[^:]*:[^:]*:\*/.test(target);
}

function coversAction(statement: PolicyStatement, action: string): boolean {
  const [read] = readPolicy({
    Statement: { Action: statement['Action'], NotAction: statement['NotAction'] },
  }).statements;
  return read?.coversAction(action) === true;
}

/** Policies of what messages are put into. Those of keys are left out: EventBridge supports no condition there. */
function sinkPolicies({ queues, topics, buses }: Messaging): readonly AttachedPolicy[] {
  return [...queues, ...topics, ...buses].flatMap(({ policies }) => policies);
}

function openStatements({ resource, statements }: AttachedPolicy): Finding[] {
  return statements
    .filter((statement) => statement['Effect'] === 'Allow' && meansAnybody(statement['Principal']))
    .filter((statement) => conditionKeysOf(statement).length === 0)
    .map((statement) => ({
      resource,
      property: 'PolicyDocument',
      received: `${listOf(statement['Action']).join(', ')} for everybody, without a condition`,
      allowed: 'named principals, or a condition on the account or organization',
      fix: 'name the principals',
    }));
}

function sourcelessStatements({ resource, statements }: AttachedPolicy): Finding[] {
  return statements
    .filter(({ Effect: effect }) => effect === 'Allow')
    .flatMap((statement) => {
      const services = servicesIn(statement['Principal']);
      if (services.length === 0 || conditionKeysOf(statement).some((key) => SOURCE_KEY.test(key))) return [];
      return [
        {
          resource,
          property: 'PolicyDocument',
          received: `${listOf(statement['Action']).join(', ')} for ${services.join(', ')} without a condition on the source`,
          allowed: 'a condition on aws:SourceArn or aws:SourceAccount',
          fix: 'add ArnEquals aws:SourceArn with the topics, rules or alarms that deliver there',
        },
      ];
    });
}

const SCHEDULER = 'scheduler.amazonaws.com';

/** "Confused deputy prevention in EventBridge Scheduler", scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html. */
function sourcelessTrust({ resource, trust }: Role): Finding[] {
  return trust
    .filter(
      ({ Effect: effect, Principal: principal }) =>
        effect === 'Allow' && servicesIn(principal).includes(SCHEDULER),
    )
    .filter((statement) => !conditionKeysOf(statement).some((key) => SOURCE_KEY.test(key)))
    .map(() => ({
      resource,
      property: 'AssumeRolePolicyDocument',
      received: `${SCHEDULER} without a condition on the source`,
      allowed: 'a condition on aws:SourceAccount or aws:SourceArn',
      fix: 'add StringEquals aws:SourceAccount with the account of the schedules',
      source: 'scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html',
    }));
}

const SOURCE_KEY = /^aws:(?:source(?:arn|account|orgid|orgpaths|owner)|principalorgid)$/i;

/** What moves messages and nothing in a Waybill application uses. */
function unusedGrants(messaging: Messaging): Finding[] {
  const ofMessages = excessOf(messaging).filter(({ what }) => /^(?:sqs|sns|events):/.test(what));
  return ofMessages.map(({ resource, kind, what, message }) => ({
    resource,
    property: 'PolicyDocument',
    received: what,
    allowed: 'what the edges and the functions need',
    fix: `${message}: ${kind === 'unused' ? 'remove it' : 'name what is needed'}`,
  }));
}

function meansAnybody(principal: unknown): boolean {
  return principal === '*' || (isRecord(principal) && listOf(principal['AWS']).includes('*'));
}

function servicesIn(principal: unknown): readonly string[] {
  return isRecord(principal) ? listOf(principal['Service']) : [];
}

function conditionKeysOf({ Condition: condition }: PolicyStatement): readonly string[] {
  if (!isRecord(condition)) return [];
  return Object.values(condition).flatMap((keys) => (isRecord(keys) ? Object.keys(keys) : []));
}

function listOf(value: unknown): readonly string[] {
  return [value ?? []].flat().map(String);
}
