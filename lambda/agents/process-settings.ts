/** What a long-running process of the agents system is told to do, read from its environment. */
import { agentNames } from '../../catalog/agents/index.ts';
import type { AgentName } from '../../catalog/agents/index.ts';
import { TRANSPORT_NAMES } from '../runtime/cutover/index.ts';
import type { TransportName } from '../runtime/cutover/index.ts';
import type { Environment } from '../runtime/environment.ts';
import { positiveNumberVariable } from '../runtime/environment.ts';
import { RuntimeError } from '../runtime/errors.ts';

/** What is read by a process without end. What comes by SQS is handled by functions. */
export type ProcessTransport = Exclude<TransportName, 'sns-sqs'>;
export type MirrorTarget = Exclude<TransportName, 'postgres'>;

export interface ProcessSettings {
  readonly transport: ProcessTransport;
  /** Agents that are live on the transport, or can move there. */
  readonly agents: readonly AgentName[];
  /** Where agents are live at first. What is not told is live on the transport of the process. */
  readonly configured: Readonly<Partial<Record<AgentName, TransportName>>>;
  readonly shadows: readonly AgentName[];
  readonly mirrorTo: readonly MirrorTarget[];
  /** Written as long as the process works. */
  readonly healthFile: string | undefined;
  /** Milliseconds for what runs, when the process is to end. */
  readonly drainMilliseconds: number;
}

const PROCESS_TRANSPORTS: readonly ProcessTransport[] = ['postgres', 'redis'];
const MIRROR_TARGETS: readonly MirrorTarget[] = ['redis', 'sns-sqs'];
const DEFAULT_DRAIN_SECONDS = 20;

/**
 * | variable | |
 * |---|---|
 * | WAYBILL_TRANSPORT | `postgres` or `redis` |
 * | WAYBILL_AGENTS | agents, with commas between |
 * | WAYBILL_CONFIGURED_TRANSPORTS | `sentiment=postgres,priority=redis`: where agents are live at first |
 * | WAYBILL_SHADOW_AGENTS | agents whose arrivals are noted and not handled |
 * | WAYBILL_MIRROR_TO | `redis`, `sns-sqs` or both |
 * | WAYBILL_HEALTH_FILE | a file |
 * | WAYBILL_DRAIN_SECONDS | 20 unless told |
 *
 * @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID
 */
export function processSettings(environment: Environment = process.env): ProcessSettings {
  const settings: ProcessSettings = {
    transport: oneOf('WAYBILL_TRANSPORT', environment['WAYBILL_TRANSPORT'] ?? '', PROCESS_TRANSPORTS),
    agents: listOf(environment, 'WAYBILL_AGENTS', agentNames),
    configured: Object.fromEntries(
      itemsOf(environment, 'WAYBILL_CONFIGURED_TRANSPORTS').map((item) => {
        const [name = '', transport = ''] = item.split('=');
        return [
          oneOf('WAYBILL_CONFIGURED_TRANSPORTS', name, agentNames),
          oneOf('WAYBILL_CONFIGURED_TRANSPORTS', transport, TRANSPORT_NAMES),
        ];
      }),
    ),
    shadows: listOf(environment, 'WAYBILL_SHADOW_AGENTS', agentNames),
    mirrorTo: mirrorTargets(environment),
    healthFile: environment['WAYBILL_HEALTH_FILE'] || undefined,
    drainMilliseconds:
      1_000 * (positiveNumberVariable(environment, 'WAYBILL_DRAIN_SECONDS') ?? DEFAULT_DRAIN_SECONDS),
  };
  const { agents, shadows, mirrorTo, transport } = settings;
  if (agents.length + shadows.length + mirrorTo.length === 0) {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_MISSING',
      'the process has nothing to do: set WAYBILL_AGENTS, WAYBILL_SHADOW_AGENTS or WAYBILL_MIRROR_TO',
    );
  }
  if (shadows.length > 0 && transport === 'postgres') {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_INVALID',
      'environment variable WAYBILL_SHADOW_AGENTS must be empty where WAYBILL_TRANSPORT is postgres: the event store is the record that shadows are compared with',
    );
  }
  return settings;
}

/** What the record is copied to. @throws RuntimeError WAYBILL_ENVIRONMENT_INVALID */
export function mirrorTargets(environment: Environment): readonly MirrorTarget[] {
  return listOf(environment, 'WAYBILL_MIRROR_TO', MIRROR_TARGETS);
}

function listOf<Name extends string>(
  environment: Environment,
  variable: string,
  known: readonly Name[],
): readonly Name[] {
  return [...new Set(itemsOf(environment, variable).map((item) => oneOf(variable, item, known)))];
}

function itemsOf(environment: Environment, variable: string): readonly string[] {
  return (environment[variable] ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** @throws RuntimeError WAYBILL_ENVIRONMENT_INVALID */
function oneOf<Name extends string>(variable: string, item: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === item);
  if (found !== undefined) return found;
  throw new RuntimeError(
    'WAYBILL_ENVIRONMENT_INVALID',
    `environment variable ${variable} must be of ${known.join(', ')}, received '${item}'`,
  );
}
