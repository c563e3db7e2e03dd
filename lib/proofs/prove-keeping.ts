/** Claims of keeping: what fails goes where it is declared to go, after as many attempts, and archives keep what they are declared to keep. */
import { decide, deliveriesOf, publishing } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import type { Archive, Messaging, Resource } from '../assembly/index.ts';
import { EVENT_BUS_PROFILE, matchesPattern, PatternError } from '../matching/index.ts';
import type { ArchivesEdge, DeadLettersEdge } from '../topology/index.ts';
import { accessBreaks, breakOf } from './check-access.ts';
import type { Declared } from './declared.ts';
import { asBusEvent, examplesOf } from './message.ts';
import type { Break, Proof } from './proof.ts';

export function proveKeeping(messaging: Messaging, declared: Declared): readonly Proof[] {
  return declared.topology.edges.flatMap((edge): Proof[] => {
    if (edge.kind === 'deadLetters') return [proveDeadLetters(messaging, declared, edge)];
    return edge.kind === 'archives' ? [proveArchive(messaging, declared, edge)] : [];
  });
}

function proveDeadLetters(messaging: Messaging, declared: Declared, edge: DeadLettersEdge): Proof {
  const after = edge.attempts === null ? '' : ` after ${edge.attempts} attempts`;
  const claim = `what fails at ${edge.from} goes to ${edge.to}${after}`;
  const from = declared.resource(edge.from);
  const to = declared.resource(edge.to)?.arn;
  if (edge.hop === 'function') {
    return { kind: 'delivery', claim, steps: [], breaks: putAside(messaging, from, to, edge) };
  }
  const failure = deliveriesOf(messaging).find(
    ({ hop, toArn, purpose }) => hop === from && toArn === to && purpose === 'deadLetter',
  );
  if (failure === undefined) {
    return { kind: 'delivery', claim, steps: [], breaks: [noDeadLetters(edge)] };
  }
  const attempts = attemptsOf(messaging, failure);
  return {
    kind: 'delivery',
    claim,
    steps: [],
    breaks: [
      ...accessBreaks(messaging, failure),
      ...retryBreaks(messaging, failure),
      ...(edge.attempts === null
        ? []
        : differs(edge.from, 'the number of attempts', edge.attempts, attempts)),
    ],
  };
}

/** What the runtime of a function puts there itself: it has to be told where, and to be let. */
function putAside(
  messaging: Messaging,
  from: Resource | undefined,
  to: string | undefined,
  edge: DeadLettersEdge,
): readonly Break[] {
  const fn = messaging.function(from?.arn);
  const role = messaging.role(fn?.roleArn);
  const address = messaging.queue(to)?.url ?? to;
  const isTold = Object.values(fn?.environment ?? {}).includes(address ?? '');
  if (to === undefined || role === undefined || !isTold) return [noDeadLetters(edge)];
  const queue = messaging.queue(to);
  return [
    ...publishing(messaging, to, { kind: 'role', role }).flatMap((permission) =>
      breakOf(decide(messaging, permission)),
    ),
    ...(queue === undefined
      ? []
      : differs(
          queue.resource.constructPath,
          'MessageRetentionPeriod',
          LONGEST_RETENTION_SECONDS,
          queue.retentionSeconds,
        )),
  ];
}

/** The longest that SQS keeps a message: a dead letter waits for a person. */
const LONGEST_RETENTION_SECONDS = 1_209_600;

/** D15: how often and how long is said, not left to the service. */
function retryBreaks(messaging: Messaging, { kind, hop, toArn }: Delivery): readonly Break[] {
  const retry =
    kind === 'rule'
      ? messaging.rules
          .find(({ resource }) => resource === hop)
          ?.targets.find(({ deadLetterArn }) => deadLetterArn === toArn)
      : kind === 'schedule'
        ? messaging.schedules.find(({ resource }) => resource === hop)
        : kind === 'subscriber'
          ? messaging.subscribers.find(({ resource }) => resource === hop)
          : undefined;
  if (retry === undefined) return [];
  if (retry.maximumEventAgeSeconds !== undefined && retry.maximumRetryAttempts !== undefined) return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: hop.constructPath,
      message: 'how often and how long it retries is left to the service',
      fix:
        kind === 'subscriber'
          ? 'set RetryPolicy.MaxEventAgeInSeconds and MaxRetryAttempts'
          : 'set RetryPolicy.MaximumEventAgeInSeconds and MaximumRetryAttempts',
    },
  ];
}

/** As often as a message is tried at a hop before it is given up. Undefined where the service decides. */
function attemptsOf(messaging: Messaging, { hop, kind, toArn }: Delivery): number | undefined {
  const isHop = ({ resource }: { readonly resource: Delivery['hop'] }): boolean => resource === hop;
  if (kind === 'redrive') return messaging.queues.find(isHop)?.redrive?.maxReceiveCount;
  if (kind === 'schedule') return messaging.schedules.find(isHop)?.maximumRetryAttempts;
  if (kind === 'rule') {
    const targets = messaging.rules.find(isHop)?.targets;
    return targets?.find(({ deadLetterArn }) => deadLetterArn === toArn)?.maximumRetryAttempts;
  }
  if (kind === 'subscriber') return messaging.subscribers.find(isHop)?.maximumRetryAttempts;
  if (kind === 'mapping') {
    const retries = messaging.mappings.find(isHop)?.maximumRetryAttempts;
    return retries === undefined ? undefined : retries + 1;
  }
  if (kind !== 'asyncInvocation') return undefined;
  const retries = messaging.functions.find(isHop)?.asyncInvocation?.maximumRetryAttempts;
  return retries === undefined ? undefined : retries + 1;
}

function proveArchive(messaging: Messaging, declared: Declared, edge: ArchivesEdge): Proof {
  const howLong = edge.retentionDays === null ? 'ever' : `${edge.retentionDays} days`;
  const claim = `${edge.to} keeps the events of ${edge.from} for ${howLong}`;
  const custom = messaging.customBus(declared.resource(edge.from)?.arn);
  if (custom !== undefined && edge.from === edge.to) {
    const breaks = differs(edge.to, 'RetentionPeriodInDays', edge.retentionDays, custom.retentionDays);
    return { kind: 'delivery', claim, steps: [], breaks };
  }
  const archive = messaging.archives.find(({ resource }) => resource === declared.resource(edge.to));
  const bus = declared.resource(edge.from)?.arn;
  if (archive === undefined) {
    const missing: Break = {
      code: 'WAYBILL_PROOF_NO_PATH',
      resource: edge.to,
      message: 'it is declared, and no template holds it',
      fix: 'synthesize again; if it stays away, something has removed it',
    };
    return { kind: 'delivery', claim, steps: [], breaks: [missing] };
  }
  return {
    kind: 'delivery',
    claim,
    steps: [],
    breaks: [
      ...differs(edge.to, 'RetentionDays', edge.retentionDays ?? 0, archive.retentionDays),
      ...differs(edge.to, 'SourceArn', bus, archive.sourceArn),
      ...unarchived(declared, edge, archive),
    ],
  };
}

/** Events that are published to the bus and that the archive's pattern leaves out. */
function unarchived(declared: Declared, { from, to }: ArchivesEdge, archive: Archive): readonly Break[] {
  const pattern = archive.eventPattern;
  if (pattern === undefined) return [];
  const events = declared.topology.edges
    .filter((edge) => edge.kind === 'publishes' && edge.to === from)
    .flatMap((edge) => (edge.kind === 'publishes' ? edge.events : []));
  const left = events.filter((event) =>
    declared
      .events(event)
      .flatMap((version) => examplesOf(version))
      .some((example) => !matches(pattern, asBusEvent(example, archive).event ?? {})),
  );
  if (left.length === 0) return [];
  return [
    {
      code: 'WAYBILL_PROOF_FILTERED_OUT',
      resource: to,
      message: `its EventPattern leaves out ${[...new Set(left)].join(', ')}`,
      fix: 'leave EventPattern out, or widen it',
    },
  ];
}

/** A pattern that EventBridge refuses matches nothing. */
function matches(
  pattern: Readonly<Record<string, unknown>>,
  event: Readonly<Record<string, unknown>>,
): boolean {
  try {
    return matchesPattern(pattern, event, EVENT_BUS_PROFILE);
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
}

function noDeadLetters({ from, to }: DeadLettersEdge): Break {
  return {
    code: 'WAYBILL_PROOF_NO_FAILURE_DESTINATION',
    resource: from,
    message: `nothing that fails there goes to ${to}`,
    fix: `make ${to} its dead-letter queue`,
  };
}

function differs(resource: string, what: string, wanted: unknown, found: unknown): readonly Break[] {
  if (wanted === found) return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource,
      message: `${what} is ${String(found)}, and declared as ${String(wanted)}`,
      fix: `set it to ${String(wanted)}, or declare it`,
    },
  ];
}
