/** Claims of publish edges: who publishes may do so, and nudges and scheduled runs arrive. */
import { becauseOf, decide, deliveriesOf, needsOf, publishing } from '../access/index.ts';
import type { LambdaFunction, Messaging, QueueMethod } from '../assembly/index.ts';
import type {
  AccessesEdge,
  InvokesEdge,
  NudgesEdge,
  PublishesEdge,
  PushesEdge,
  StartsEdge,
} from '../topology/index.ts';
import { accessBreaks, breakOf } from './check-access.ts';
import { consumptionBreaks } from './check-consumption.ts';
import { runtimeBreaks } from './check-runtime.ts';
import { failureBreaks } from './check-failures.ts';
import { proveWriting } from './prove-following.ts';
import type { Declared } from './declared.ts';
import { unmetNeeds } from './prove-privilege.ts';
import { unique } from './proof.ts';
import type { Break, Proof } from './proof.ts';

export function provePublishing(messaging: Messaging, declared: Declared): readonly Proof[] {
  return declared.topology.edges.flatMap((edge) => {
    // A service is a name: its functions and relays have edges of their own.
    if (edge.kind === 'publishes' && declared.node(edge.from)?.kind !== 'service') {
      return [provePublish(messaging, declared, edge)];
    }
    if (edge.kind === 'nudges') return [proveNudge(messaging, declared, edge)];
    if (edge.kind === 'starts') return [proveStart(messaging, declared, edge)];
    if (edge.kind === 'invokes') return [proveInvocation(messaging, declared, edge)];
    if (edge.kind === 'pushes' || edge.kind === 'accesses') return [proveUse(messaging, edge)];
    return [];
  });
}

/** A function may send to connections, or read and write a table, as it is declared. */
function proveUse(messaging: Messaging, edge: PushesEdge | AccessesEdge): Proof {
  const needs = needsOf(messaging).filter(({ because }) => because === becauseOf(edge));
  const claim =
    edge.kind === 'pushes'
      ? `${edge.from} sends to connections of ${edge.to}`
      : `${edge.from} keeps its data in ${edge.to}`;
  return {
    kind: 'publish',
    claim,
    steps: needs.map(({ permission: { action, resourceArn } }) => `${action} on ${resourceArn}`),
    breaks: needs.length === 0 ? [absent(edge.to)] : unique(unmetNeeds(messaging, needs)),
  };
}

function provePublish(messaging: Messaging, declared: Declared, edge: PublishesEdge): Proof {
  const kind = declared.node(edge.to)?.kind;
  if (kind === 'database' || kind === 'redis') return proveWriting(messaging, declared, edge, kind);
  const { breaks, steps } = mayWrite(messaging, declared, edge.from, edge.to);
  return {
    kind: 'publish',
    claim: `${edge.events.join(', ')} of ${edge.source}: ${edge.from} publishes to ${edge.to}`,
    steps,
    breaks: [
      ...breaks,
      ...routeBreaks(messaging, declared, edge),
      ...taskBreaks(messaging, declared, edge),
      ...methodBreaks(messaging, declared, edge),
    ],
  };
}

function proveStart(messaging: Messaging, declared: Declared, edge: StartsEdge): Proof {
  const { breaks, steps } = mayWrite(messaging, declared, edge.from, edge.to);
  const fn = messaging.function(declared.resource(edge.from)?.arn);
  const told = fn?.environment['WAYBILL_STATE_MACHINE_ARN'];
  const untold: readonly Break[] =
    fn === undefined || told === declared.resource(edge.to)?.arn
      ? []
      : [
          {
            code: 'WAYBILL_PROOF_NO_PATH',
            resource: fn.resource.constructPath,
            message: `its runtime is not told to start ${edge.to}`,
            fix: 'let the machine grant it with grants.start(fn): it sets WAYBILL_STATE_MACHINE_ARN',
          },
        ];
  return {
    kind: 'publish',
    claim: `${edge.from} starts executions of ${edge.to}`,
    steps,
    breaks: [...breaks, ...untold],
  };
}

/** A state machine sends where a task of its definition says, and waits or tries again as it says. */
function taskBreaks(messaging: Messaging, declared: Declared, edge: PublishesEdge): readonly Break[] {
  const machine = messaging.stateMachines.find(({ resource }) => resource === declared.resource(edge.from));
  if (machine === undefined) return [];
  const target = declared.resource(edge.to);
  const tasks = machine.queueTasks.filter(({ queueUrl }) => messaging.queue(queueUrl)?.resource === target);
  const resource = machine.resource.constructPath;
  if (tasks.length === 0) {
    return [
      {
        code: 'WAYBILL_PROOF_NO_PATH',
        resource,
        message: `no task of its definition sends to ${edge.to}`,
        fix: 'add the task, or take the queue out of publishesTo',
      },
    ];
  }
  return tasks
    .filter(({ retries, timesOut }) => !retries || !timesOut)
    .map(({ state, retries }) => ({
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource,
      message: `its state ${state} has no ${retries ? 'TimeoutSeconds' : 'Retry'}`,
      fix: 'give every task both: without a time limit it waits for a year, without Retry its first failure is its last (D15)',
    }));
}

/** The role of a REST API's integration publishes where the integration's path says, and what passed its checks. */
function methodBreaks(messaging: Messaging, declared: Declared, edge: PublishesEdge): readonly Break[] {
  const role = messaging.role(declared.resource(edge.from)?.arn);
  const target = declared.resource(edge.to)?.arn;
  if (role === undefined || !JSON.stringify(role.trust).includes('apigateway.amazonaws.com')) return [];
  const ofRole = messaging.queueMethods.filter(({ roleArn }) => roleArn === role.arn);
  const sending = ofRole.filter(({ queueArn }) => queueArn === target);
  if (sending.length === 0) {
    const [other] = ofRole;
    return [
      {
        code: 'WAYBILL_PROOF_NO_PATH',
        resource: (other ?? role).resource.constructPath,
        message:
          other === undefined
            ? `no method of a REST API sends to ${edge.to} in this role`
            : `its integration sends to ${other.queueArn}, and not to ${edge.to}`,
        fix: `make the integration's uri end in sqs:path/ACCOUNT/NAME of ${edge.to}, and this role its credentials`,
      },
    ];
  }
  return sending.flatMap((method) =>
    METHOD_RULES.filter(({ holds }) => !holds(method)).map(({ message, fix }): Break => ({
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: method.resource.constructPath,
      message,
      fix,
    })),
  );
}

interface MethodRule {
  readonly holds: (method: QueueMethod) => boolean;
  readonly message: string;
  readonly fix: string;
}

const METHOD_RULES: readonly MethodRule[] = [
  {
    holds: ({ sendsForm }) => sendsForm,
    message: 'SQS does not read what it sends as a form',
    fix: "set integration.request.header.Content-Type to 'application/x-www-form-urlencoded'",
  },
  {
    holds: ({ requestTemplates }) =>
      requestTemplates.length > 0 && requestTemplates.every((one) => one.includes('Action=SendMessage')),
    message: 'a template of its request sends no message',
    fix: 'begin what the template makes with Action=SendMessage',
  },
  {
    holds: ({ refusesOtherTypes }) => refusesOtherTypes,
    message: 'a body without a template is passed on as it is, and no model has looked at it',
    fix: 'set PassthroughBehavior to NEVER',
  },
  {
    holds: ({ validatesBody }) => validatesBody,
    message: 'what callers send is held against no model, and nobody looks at it before the queue',
    fix: 'give the method a model of application/json, and a validator with ValidateRequestBody',
  },
  {
    holds: ({ hasDefaultResponse }) => hasDefaultResponse,
    message: 'no response is for a status that no pattern names',
    fix: 'leave SelectionPattern out in the response of failures',
  },
];

function proveNudge(messaging: Messaging, declared: Declared, edge: NudgesEdge): Proof {
  const { breaks, steps } = mayWrite(messaging, declared, edge.from, edge.to);
  return { kind: 'publish', claim: `${edge.from} wakes the relay of ${edge.to}`, steps, breaks };
}

function mayWrite(messaging: Messaging, declared: Declared, from: string, to: string) {
  const sink = declared.resource(to);
  const fn = messaging.function(declared.resource(from)?.arn);
  const isFrom = ({ resource }: Pick<LambdaFunction, 'resource'>) => resource === declared.resource(from);
  const other = messaging.stateMachines.find(isFrom) ?? messaging.processes.find(isFrom);
  const role = messaging.role(fn?.roleArn ?? other?.roleArn ?? declared.resource(from)?.arn);
  if (sink?.arn === undefined || role === undefined) {
    return { steps: [], breaks: [absent(sink === undefined ? to : from)] };
  }
  const decisions = publishing(messaging, sink.arn, { kind: 'role', role }).map((permission) =>
    decide(messaging, permission),
  );
  return {
    steps: decisions.map(
      ({ permission, verdict }) =>
        `${role.resource.constructPath} ${permission.action} on ${permission.resourceArn}: ${verdict}`,
    ),
    breaks: decisions.flatMap(breakOf),
  };
}

/** The runtime of a function publishes where WAYBILL_PUBLISH_ROUTES says (W11). */
function routeBreaks(messaging: Messaging, declared: Declared, edge: PublishesEdge): readonly Break[] {
  const fn =
    messaging.function(declared.resource(edge.from)?.arn) ??
    messaging.processes.find(({ resource }) => resource === declared.resource(edge.from));
  const target = declared.resource(edge.to)?.arn;
  const routes = fn?.environment['WAYBILL_PUBLISH_ROUTES'];
  if (fn === undefined || target === undefined || declared.node(edge.from)?.kind === 'principal') return [];
  const parsed =
    routes === undefined
      ? []
      : (JSON.parse(routes) as readonly { source: string; target: string; events: readonly string[] }[]);
  const route = parsed.find((one) => one.target === target && one.source === edge.source);
  const missing = edge.events.filter((event) => route?.events.includes(event) !== true);
  if (missing.length === 0) return [];
  return [
    {
      code: 'WAYBILL_PROOF_NO_PATH',
      resource: fn.resource.constructPath,
      message: `its runtime is not told to publish ${missing.join(', ')} to ${edge.to}`,
      fix: 'give it the destination with publishesTo: it sets WAYBILL_PUBLISH_ROUTES',
    },
  ];
}

function proveInvocation(messaging: Messaging, declared: Declared, edge: InvokesEdge): Proof {
  const claim = `${edge.from} invokes ${edge.to} at ${edge.expression}`;
  const schedule = messaging.schedules.find(({ resource }) => resource === declared.resource(edge.from));
  const delivery = deliveriesOf(messaging).find(
    ({ hop, purpose }) => hop === schedule?.resource && purpose === 'message',
  );
  if (schedule === undefined || delivery === undefined) {
    return { kind: 'publish', claim, steps: [], breaks: [absent(edge.from)] };
  }
  const fn = messaging.function(delivery.toArn);
  const breaks: Break[] = [...accessBreaks(messaging, delivery), ...failureBreaks(messaging, delivery)];
  const wrong = (message: string, fix: string) =>
    breaks.push({
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: schedule.resource.constructPath,
      message,
      fix,
    });
  if (fn?.resource !== declared.resource(edge.to))
    wrong(`it invokes ${delivery.toArn}`, `make ${edge.to} its target`);
  if (schedule.expression !== edge.expression)
    wrong(`its expression is ${schedule.expression}`, `make it ${edge.expression}`);
  const wanted = edge.standby !== true;
  if (schedule.enabled !== wanted)
    wrong(
      wanted ? 'it is disabled' : 'it is enabled, and declared as standing by',
      `set State to ${wanted ? 'ENABLED' : 'DISABLED'}`,
    );
  return {
    kind: 'publish',
    claim,
    steps: [`schedule ${schedule.expression} -> ${delivery.toArn}`],
    breaks,
  };
}

/**
 * Queues that nothing routes events to: what is sent there has to reach their function too.
 *
 * | queue | |
 * |---|---|
 * | of no events, such as the relay's nudges | the mapping and what it needs |
 * | of events that are sent straight to it, an EventQueue | the same, and what its consumer is told of it |
 * | that a topic or bus delivers to | a proof of each delivery has it |
 */
export function proveConsumption(messaging: Messaging, declared: Declared): readonly Proof[] {
  const { edges } = declared.topology;
  const routedTo = new Set(
    edges.filter(({ kind }) => kind === 'subscribes' || kind === 'routes').map(({ to }) => to),
  );
  return edges.flatMap((edge): Proof[] => {
    if (edge.kind !== 'consumes' || routedTo.has(edge.from)) return [];
    const claim = `what is sent to ${edge.from} reaches ${edge.consumer}`;
    const queue = messaging.queue(declared.resource(edge.from)?.arn);
    const fn = messaging.function(declared.resource(edge.to)?.arn);
    const mapping = messaging.mappings.find(
      ({ eventSourceArn, functionArn }) => eventSourceArn === queue?.arn && functionArn === fn?.arn,
    );
    const delivery = deliveriesOf(messaging).find(
      ({ hop, purpose }) => hop === mapping?.resource && purpose === 'message',
    );
    if (queue === undefined || fn === undefined || mapping === undefined || delivery === undefined) {
      return [{ kind: 'delivery', claim, steps: [], breaks: [absent(edge.from)] }];
    }
    const breaks: Break[] = [
      ...accessBreaks(messaging, delivery),
      ...consumptionBreaks(messaging, queue, mapping, fn),
      ...(edge.events.length === 0 ? [] : runtimeBreaks(messaging, queue, fn, edge.consumer)),
    ];
    const expected: readonly (readonly [string, unknown, unknown])[] = [
      ['Enabled', edge.standby !== true, mapping.enabled],
      ['BatchSize', edge.batchSize, mapping.batchSize],
      ['ScalingConfig.MaximumConcurrency', edge.maxConcurrency, mapping.maxConcurrency],
      ['FunctionResponseTypes ReportBatchItemFailures', true, mapping.reportBatchItemFailures],
      ['FilterCriteria', 0, mapping.filters.length],
    ];
    for (const [property, wanted, found] of expected) {
      if (wanted === found) continue;
      breaks.push({
        code: 'WAYBILL_PROOF_SETTING_DIFFERS',
        resource: mapping.resource.constructPath,
        message: `${property} is ${String(found)}, and declared as ${String(wanted)}`,
        fix: `set it to ${String(wanted)}`,
      });
    }
    return [
      {
        kind: 'delivery',
        claim,
        steps: [`mapping ${mapping.resource.constructPath}`],
        breaks: unique(breaks),
      },
    ];
  });
}

function absent(id: string): Break {
  return {
    code: 'WAYBILL_PROOF_NO_PATH',
    resource: id,
    message: 'it is declared, and no template holds its resource, or nothing leads through it',
    fix: 'synthesize again; if it stays away, its condition is false or something has removed it',
  };
}
