/** RegisterTaskDefinition's members, read: what a task needs to start here. AmazonECS/latest/APIReference/API_ContainerDefinition.html */
import type { Input } from '../input.ts';
import { clientException, optionalText, requiredText, textList, wholeNumber } from './errors.ts';
import type { LocalImage } from './launch.ts';
import type { Container, HealthCheck, LogTarget } from './model.ts';

/** Seconds. */
const STOP_TIMEOUT = { default: 30, maximum: 120 };
const INTERVAL = { default: 30, minimum: 5, maximum: 300 };
const TIMEOUT = { default: 5, minimum: 2, maximum: 60 };
const RETRIES = { default: 3, minimum: 1, maximum: 10 };
const START_PERIOD = { default: 0, maximum: 300 };

export function containersOf(input: Input): readonly Container[] {
  const given = recordsOf(input, 'containerDefinitions');
  if (given.length === 0) throw clientException('Container list cannot be empty.');
  const containers = given.map(containerOf);
  if (!containers.some(({ essential }) => essential)) {
    throw clientException('Task definition does not have any essential containers.');
  }
  const names = containers.map(({ name }) => name);
  if (new Set(names).size < names.length) throw clientException('Container names must be unique.');
  return containers;
}

function containerOf(input: Input): Container {
  return {
    name: requiredText(input, 'name'),
    essential: input['essential'] !== false,
    image: input['localImage'] as LocalImage | undefined,
    entryPoint: input['entryPoint'] === undefined ? undefined : textList(input, 'entryPoint'),
    command: input['command'] === undefined ? undefined : textList(input, 'command'),
    workingDirectory: optionalText(input, 'workingDirectory'),
    environment: pairsOf(input, 'environment', 'value'),
    secrets: pairsOf(input, 'secrets', 'valueFrom'),
    mounts: recordsOf(input, 'mountPoints').flatMap((mount) => optionalText(mount, 'containerPath') ?? []),
    log: logTargetOf(input),
    healthCheck: healthCheckOf(input),
    stopTimeoutSeconds: wholeNumber(input, 'stopTimeout', 0, STOP_TIMEOUT.maximum, STOP_TIMEOUT.default),
  };
}

function logTargetOf(input: Input): LogTarget | undefined {
  const configuration = recordOf(input, 'logConfiguration');
  if (configuration['logDriver'] !== 'awslogs') return undefined;
  const options = recordOf(configuration, 'options');
  return {
    group: requiredText(options, 'awslogs-group'),
    // Fargate wants one.
    streamPrefix: requiredText(options, 'awslogs-stream-prefix'),
    createsGroup: options['awslogs-create-group'] === 'true',
  };
}

function healthCheckOf(input: Input): HealthCheck | undefined {
  const check = recordOf(input, 'healthCheck');
  const command = textList(check, 'command');
  if (command.length === 0 || command[0] === 'NONE') return undefined;
  return {
    command,
    intervalSeconds: wholeNumber(check, 'interval', INTERVAL.minimum, INTERVAL.maximum, INTERVAL.default),
    timeoutSeconds: wholeNumber(check, 'timeout', TIMEOUT.minimum, TIMEOUT.maximum, TIMEOUT.default),
    retries: wholeNumber(check, 'retries', RETRIES.minimum, RETRIES.maximum, RETRIES.default),
    startPeriodSeconds: wholeNumber(check, 'startPeriod', 0, START_PERIOD.maximum, START_PERIOD.default),
  };
}

function pairsOf(input: Input, name: string, value: string): Record<string, string> {
  return Object.fromEntries(
    recordsOf(input, name).map((pair) => [requiredText(pair, 'name'), optionalText(pair, value) ?? '']),
  );
}

export function recordOf(input: Input, name: string): Input {
  const value = input[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : {};
}

function recordsOf(input: Input, name: string): readonly Input[] {
  const value = input[name];
  return Array.isArray(value) ? (value as readonly Input[]) : [];
}
