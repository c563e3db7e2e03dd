/** A service that takes part: what it hears, what it says, and what follows from what it has heard. No AWS in here. */
import type { DataOf, EnvelopeOf } from 'waybill/contracts';
import type { orderFlowEvents } from './events.ts';

export type FlowEvent = (typeof orderFlowEvents)[number];
export type FlowEnvelope = EnvelopeOf<FlowEvent>;

/** What a service knows of one order: the data of each event that it heard or said, in whatever order they came. */
export type Facts = {
  readonly [Name in FlowEvent['name']]?: DataOf<Extract<FlowEvent, { readonly name: Name }>>;
};

/** An event that follows. */
export interface Outcome {
  readonly contract: FlowEvent;
  readonly data: DataOf<FlowEvent>;
}

export interface Participant {
  readonly reactsTo: readonly FlowEvent[];
  readonly publishes: readonly FlowEvent[];
  /** What the service has to say by now, that is its last word. Nothing, while something is missing. */
  readonly decide: (facts: Facts) => readonly Outcome[];
}

/** Data and event, checked against each other by the compiler. */
export function outcome<const Contract extends FlowEvent>(
  contract: Contract,
  data: DataOf<Contract>,
): readonly [Outcome] {
  return [{ contract, data }];
}
