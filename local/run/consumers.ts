/** The consumers of a run: their queues and dead-letter queues, found by way of the topology. */
import type { DeployedAssembly } from '../assembly/index.ts';
import type { LocalRun } from './local-run.ts';
import { nodeOf } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';

/** Of every region that answers. Nudges wait for nobody where the relay is off: in all regions but the one that works. */
export function consumersOfRun({
  aws,
  regions,
  topology,
}: Pick<LocalRun, 'aws' | 'regions' | 'topology'>): Consumer[] {
  return regions
    .filter(({ region }) => region.isUp)
    .flatMap(({ region, deployed }) => {
      const consumers = consumersOf(topology, deployed.assembly, region.name);
      return region.aws === aws ? consumers : consumers.filter(({ carriesEvents }) => carriesEvents);
    });
}

export interface Consumer {
  readonly name: string;
  readonly queueArn: string;
  readonly deadLetterQueueArn: string | undefined;
  /** False for queues that carry no events, such as a relay's nudges. */
  readonly carriesEvents: boolean;
}

/** @param region of the embedded AWS that it was deployed to */
export function consumersOf(
  topology: Topology,
  deployed: DeployedAssembly,
  region = 'us-east-1',
): Consumer[] {
  const arnOf = (nodeId: string): string => {
    const node = nodeOf(topology, nodeId);
    const queue = deployed.resources.find(
      ({ stack, logicalId }) => stack === node?.stack && logicalId === node.logicalId,
    );
    if (queue === undefined)
      throw new Error(`the topology names ${nodeId}, but no queue was deployed for it`);
    return queueArnFromUrl(queue.physicalId, region);
  };
  return (
    topology.edges
      .filter((edge) => edge.kind === 'consumes')
      // What is read from a stream or another broker has no queue to look at.
      .filter((edge) => nodeOf(topology, edge.from)?.kind === 'queue')
      .map((edge) => {
        const deadLetters = topology.edges.find(
          (other) => other.kind === 'deadLetters' && other.hop === 'queue' && other.from === edge.from,
        );
        return {
          name: edge.consumer,
          queueArn: arnOf(edge.from),
          deadLetterQueueArn: deadLetters === undefined ? undefined : arnOf(deadLetters.to),
          carriesEvents: edge.events.length > 0,
        };
      })
      .sort((left, right) => left.name.localeCompare(right.name))
  );
}

/** `http://127.0.0.1:4566/000000000000/orders` is a queue of the region that listens there. */
function queueArnFromUrl(queueUrl: string, region: string): string {
  const [, account, name] = new URL(queueUrl).pathname.split('/');
  return `arn:aws:sqs:${region}:${account}:${name}`;
}
