/**
 * W25: a long-running process that reads events runs, and may finish what it has in work.
 *
 * | service of ECS | |
 * |---|---|
 * | DesiredCount 0 | found: nobody reads, and nothing fails |
 * | StopTimeout below WAYBILL_DRAIN_SECONDS | found: handlers are killed in the middle, at each deployment |
 * | none of the variables of Waybill's runtime | not ours: what it does is not known |
 *
 * AmazonECS/latest/developerguide/task_definition_parameters.html, stopTimeout
 */
import type { LongRunningProcess } from '../assembly/index.ts';
import { number } from '../assembly/property.ts';
import type { Finding, Guard } from './guard.ts';

const DRAIN = 'WAYBILL_DRAIN_SECONDS';

export const cutOffProcess: Guard = {
  id: 'W25',
  title: 'A process that reads events does not run, or is killed while it works',
  explanation:
    'A service without tasks reads nothing, and nothing fails: events wait until somebody notices, and on a transport with a retention they expire. A process that is killed before it has drained leaves its work to be done again; what it calls outside of a transaction happens twice.',
  source: 'AmazonECS/latest/developerguide/task_definition_parameters.html',
  level: 'error',
  check: ({ processes }) =>
    processes.filter(isOurs).flatMap((process) => [...idle(process), ...killed(process)]),
};

/** By a variable that the runtime reads: with another service it is not known what a count of 0 means. */
function isOurs({ environment }: LongRunningProcess): boolean {
  return environment[DRAIN] !== undefined;
}

function idle({ resource, desiredCount }: LongRunningProcess): Finding[] {
  if (!(desiredCount < 1)) return [];
  return [
    {
      resource,
      property: 'DesiredCount',
      received: String(desiredCount),
      allowed: '1 or more',
      fix: 'give it a task, or take the process out as a whole, so that its consumers are declared nowhere',
    },
  ];
}

function killed({ taskDefinition, resource, containers }: LongRunningProcess): Finding[] {
  return containers.flatMap(({ name, environment, stopTimeoutSeconds }) => {
    const drain = number(environment[DRAIN]);
    if (drain === undefined || !(stopTimeoutSeconds < drain)) return [];
    return [
      {
        resource: taskDefinition ?? resource,
        property: `ContainerDefinitions[${name}].StopTimeout`,
        received: `${stopTimeoutSeconds} seconds`,
        allowed: `at least ${drain} seconds, which the process may take to drain (${DRAIN})`,
        fix: `set StopTimeout to ${drain} or more, 120 at most, or lower ${DRAIN}`,
      },
    ];
  });
}
