/**
 * SQS: a request per 64 KB sent, a receive and a delete per invocation, and the polls of each mapping that find
 * nothing. Pollers of a mapping ask all the time, whether messages come or not.
 */
import type { EstimateContext, QueueMapping } from '../context.ts';
import { isFifo, numberOf, valueAt } from '../context.ts';
import { averageBytes } from '../flow.ts';
import { MONTH_HOURS, MONTH_SECONDS } from '../load.ts';
import { messagesPerInvocation } from './invocations.ts';
import { linesOf, MILLION } from './lines.ts';
import type { Charge, CostLine } from './lines.ts';

/** One request is charged for each begun 64 KB. aws.amazon.com/sqs/pricing */
const REQUEST_BYTES = 65_536;
/** Of a mapping that nothing scales: lambda/latest/dg/services-sqs-scaling.html */
const POLLERS = 5;
/** A poll that finds nothing waits so long. */
const LONG_POLL_SECONDS = 20;

export function sqsCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly.ofType('AWS::SQS::Queue').flatMap((queue) => {
    const nodeId = context.nodeIdOf(queue);
    const flow = nodeId === undefined ? undefined : context.average.into(nodeId);
    const mappings = context.mappings.filter((mapping) => mapping.queue === queue);
    const perSecond = flow?.perSecond ?? 0;
    const bytes = flow === undefined ? 0 : averageBytes(flow);
    const sends = perSecond * requestsFor(bytes);
    const handled = mappings.reduce((sum, mapping) => {
      const messages = messagesPerInvocation(context, mapping);
      const invocations = perSecond / messages;
      return sum + invocations * (requestsFor(bytes * messages) + 1);
    }, 0);
    const polls = mappings.reduce((sum, mapping) => sum + pollersOf(mapping) / LONG_POLL_SECONDS, 0);
    const priceItem = isFifo(queue) ? 'sqsFifoRequests' : 'sqsStandardRequests';
    const charges: Charge[] = [
      { service: 'SQS', item: 'polls that find nothing', priceItem, idle: (polls * MONTH_SECONDS) / MILLION },
      { service: 'SQS', item: 'sends', priceItem, idle: 0, load: (sends * MONTH_SECONDS) / MILLION },
      {
        service: 'SQS',
        item: 'receives and deletes',
        priceItem,
        idle: 0,
        load: (handled * MONTH_SECONDS) / MILLION,
      },
      {
        service: 'SQS',
        item: 'fair queue',
        priceItem: 'sqsFairRequests',
        idle: 0,
        load: isFifo(queue) || !carriesEvents(mappings) ? 0 : ((sends + handled) * MONTH_SECONDS) / MILLION,
      },
    ];
    return [
      ...linesOf(context, queue, charges),
      ...mappings.flatMap((mapping) =>
        linesOf(context, mapping.mapping, [
          {
            service: 'Lambda',
            item: 'provisioned pollers',
            priceItem: 'lambdaPollers',
            idle: provisionedPollers(mapping) * MONTH_HOURS,
          },
        ]),
      ),
    ];
  });
}

/** Our runtime sends events with a group id, also to standard queues. */
function carriesEvents(mappings: readonly QueueMapping[]): boolean {
  return mappings.some(({ consumes }) => consumes !== undefined && consumes.events.length > 0);
}

function requestsFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / REQUEST_BYTES));
}

function pollersOf(mapping: QueueMapping): number {
  return provisionedPollers(mapping) || POLLERS;
}

/** 0 where there are none; 2 is what a ProvisionedPollerConfig without a minimum gives. */
function provisionedPollers({ mapping }: QueueMapping): number {
  const config = mapping.properties['ProvisionedPollerConfig'];
  return config === undefined ? 0 : (numberOf(valueAt(config, 'MinimumPollers')) ?? 2);
}
