/** Claims of isolation of streams, Kafka topics and brokers: only declared events reach a reader, and nobody else reads or writes. */
import { decide } from '../access/index.ts';
import type { EventSourceMapping, Messaging, Role } from '../assembly/index.ts';
import type { ReadsEdge } from '../topology/index.ts';
import type { Declared } from './declared.ts';
import { asMessage, examplesOf } from './message.ts';
import { pathsBetween } from './paths.ts';
import type { Break, Proof } from './proof.ts';
import { walk } from './walk.ts';

export function proveReaderIsolation(messaging: Messaging, declared: Declared): readonly Proof[] {
  const { edges, nodes } = declared.topology;
  const reads = edges.filter((edge) => edge.kind === 'reads');
  const consumers = [...new Set(reads.map(({ consumer }) => consumer))];
  return [
    ...consumers.map((consumer) => {
      const own = reads.filter((edge) => edge.consumer === consumer);
      return {
        kind: 'isolation' as const,
        claim: `only what is declared is read by ${consumer}`,
        steps: own.map(({ via }) => via),
        breaks: [
          ...own.flatMap((edge) => leaksOf(messaging, declared, edge)),
          ...undeclaredMappings(messaging, declared, own),
        ],
      };
    }),
    ...nodes
      .filter(({ kind }) => kind === 'stream' || kind === 'kafkaTopic')
      .map(({ id }) => noOthers(messaging, declared, id)),
  ];
}

/** Events that are published there and that the reader does not declare must be left out by its mapping. */
function leaksOf(messaging: Messaging, declared: Declared, edge: ReadsEdge): readonly Break[] {
  // What a consumer failed on itself comes from nobody else; messages of a broker are in no catalogue.
  if (edge.retry === true || edge.events.length === 0) return [];
  const via = declared.resource(edge.via);
  const fn = declared.resource(edge.to);
  const origin = declared.resource(edge.from);
  const path =
    fn?.arn === undefined || origin?.arn === undefined
      ? undefined
      : pathsBetween(messaging, origin.arn, fn.arn).find(([first]) => first?.hop === via);
  if (via === undefined || path === undefined) return [];
  const published = new Set(
    declared.topology.edges.flatMap((other) =>
      other.kind === 'publishes' && other.to === edge.from ? other.events : [],
    ),
  );
  return [...published]
    .filter((event) => !edge.events.includes(event))
    .filter((event) =>
      declared
        .events(event)
        .flatMap((one) => examplesOf(one))
        .some((example) => !walk(messaging, path, asMessage(example)).breaks.some(isLeftOut)),
    )
    .map((event) => ({
      code: 'WAYBILL_PROOF_LET_THROUGH',
      resource: via.constructPath,
      message: `it lets ${event} through, which ${edge.consumer} is not declared to get`,
      fix: 'narrow FilterCriteria',
    }));
}

function isLeftOut({ code }: Break): boolean {
  return code === 'WAYBILL_PROOF_FILTERED_OUT';
}

/** A second mapping of the function would bring it what nobody declared. */
function undeclaredMappings(
  messaging: Messaging,
  declared: Declared,
  edges: readonly ReadsEdge[],
): readonly Break[] {
  const known = new Set(edges.map(({ via }) => declared.resource(via)));
  const functions = new Set(edges.map(({ to }) => declared.resource(to)?.arn));
  return messaging.mappings
    .filter(({ functionArn, resource }) => functions.has(functionArn) && !known.has(resource))
    .map(({ resource }: EventSourceMapping) => ({
      code: 'WAYBILL_PROOF_LET_THROUGH',
      resource: resource.constructPath,
      message: `this mapping leads to ${edges[0]?.consumer ?? 'a consumer'}, and no edge declares it`,
      fix: 'declare it as a subscription of the consumer, or remove it',
    }));
}

const READING = { stream: 'kinesis:GetRecords', kafkaTopic: 'kafka-cluster:ReadData' } as const;
const WRITING = { stream: 'kinesis:PutRecords', kafkaTopic: 'kafka-cluster:WriteData' } as const;

/** Roles of the assembly that no edge connects with it may neither read nor write it. */
function noOthers(messaging: Messaging, declared: Declared, id: string): Proof {
  const resource = declared.resource(id);
  const kind = declared.node(id)?.kind === 'stream' ? 'stream' : 'kafkaTopic';
  const { edges } = declared.topology;
  const endsOf = (wanted: 'from' | 'to') =>
    new Set(
      edges.flatMap((edge) => {
        const isReading = edge.kind === 'reads' && edge.from === id && wanted === 'to';
        const isWriting =
          ['publishes', 'retries', 'deadLetters'].includes(edge.kind) && edge.to === id && wanted === 'from';
        if (!isReading && !isWriting) return [];
        const end = declared.resource(edge[wanted]);
        return [messaging.function(end?.arn)?.roleArn, end?.arn];
      }),
    );
  const strangers = (action: string, known: ReadonlySet<string | undefined>): readonly Break[] =>
    resource?.arn === undefined
      ? []
      : messaging.roles
          .filter(({ arn }) => !known.has(arn))
          .filter((role: Role) => {
            const permission = {
              actor: { kind: 'role' as const, role },
              action,
              resourceArn: resource.arn ?? '',
            };
            return decide(messaging, permission).verdict === 'allowed';
          })
          .map((role) => ({
            code: 'WAYBILL_PROOF_PERMISSION_TOO_WIDE',
            resource: role.resource.constructPath,
            message: `its policies allow ${action} on ${id}, and no edge connects them`,
            fix: 'declare the reader or publisher, or take the grant away',
          }));
  return {
    kind: 'isolation',
    claim: `nobody else reads or writes ${id}`,
    steps: [READING[kind], WRITING[kind]],
    breaks: [...strangers(READING[kind], endsOf('to')), ...strangers(WRITING[kind], endsOf('from'))],
  };
}
