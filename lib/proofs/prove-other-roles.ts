/** Claims of isolation within the application: no role may publish, send or receive where the topology does not say so. */
import { decide, needsOf } from '../access/index.ts';
import { isUnknown } from '../assembly/index.ts';
import type { Messaging, PolicyStatement, Resource, Role } from '../assembly/index.ts';
import { readPolicy } from '../policies/index.ts';
import type { Declared } from './declared.ts';
import { unique } from './proof.ts';
import type { Break, Proof } from './proof.ts';

/** Actions that put messages in, take them out, or let others do so. */
const ACTIONS = {
  'AWS::SQS::Queue': ['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:PurgeQueue'],
  'AWS::SNS::Topic': ['sns:Publish', 'sns:Subscribe'],
  'AWS::Events::EventBus': ['events:PutEvents'],
  'AWS::EventsV2::EventBus': ['events:PutEvents'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export function proveOtherRoles(messaging: Messaging, declared: Declared): Proof {
  const sinks = new Map(
    declared.topology.nodes.flatMap(({ id }) => {
      const resource = declared.resource(id);
      return resource?.arn !== undefined && resource.type in ACTIONS
        ? [[resource.arn, resource] as const]
        : [];
    }),
  );
  const needed = new Set(
    needsOf(messaging).flatMap(({ permission: { actor, action, resourceArn } }) =>
      actor.kind === 'role' ? [keyOf(actor.role, action, resourceArn)] : [],
    ),
  );
  const breaks = messaging.roles.flatMap((role) =>
    role.policies.flatMap(({ statements }) =>
      statements
        .filter(({ Effect: effect }) => effect === 'Allow')
        .flatMap((statement) => sinksOf(statement, sinks))
        .flatMap((sink) =>
          ACTIONS[sink.type as keyof typeof ACTIONS]
            .filter((action) => !needed.has(keyOf(role, action, sink.arn ?? '')))
            .flatMap((action) => undeclared(messaging, role, action, sink)),
        ),
    ),
  );
  return {
    kind: 'isolation',
    claim: 'no other role of the application publishes, sends or receives',
    steps: [`${messaging.roles.length} roles, ${sinks.size} queues, topics and buses`],
    breaks: unique(breaks),
  };
}

/** What a statement may be about. Only a wildcard has to be held against every sink. */
function sinksOf(statement: PolicyStatement, sinks: ReadonlyMap<string, Resource>): readonly Resource[] {
  const named = [statement['Resource'] ?? []].flat().map(String);
  return named.flatMap((resource) => {
    if (isUnknown(resource)) return [];
    if (!/[*?]/.test(resource)) return sinks.get(resource) ?? [];
    const [pattern] = readPolicy({ Statement: { Resource: resource } }).statements;
    return [...sinks].flatMap(([arn, sink]) =>
      pattern?.coversResource(arn, new Map()) === true ? [sink] : [],
    );
  });
}

function undeclared(messaging: Messaging, role: Role, action: string, sink: Resource): readonly Break[] {
  const { verdict } = decide(messaging, {
    actor: { kind: 'role', role },
    action,
    resourceArn: sink.arn ?? '',
  });
  if (verdict !== 'allowed') return [];
  return [
    {
      code: 'WAYBILL_PROOF_PERMISSION_TOO_WIDE',
      resource: role.resource.constructPath,
      message: `it may ${action} on ${sink.constructPath}, which the topology does not declare`,
      fix: 'declare it with publishesTo or subscribesTo, or remove the grant',
    },
  ];
}

function keyOf({ arn }: Role, action: string, resourceArn: string): string {
  return `${arn} ${action} ${resourceArn}`;
}
