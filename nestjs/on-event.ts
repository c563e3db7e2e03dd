/** `@OnEvent()`: marks a method of a provider as the handler of an event. */
import type { PoolClient } from 'pg';
import type { AnyEventContract, EnvelopeOf } from '../lib/contracts/index.ts';
import type { HandlerContext } from '../lambda/runtime/types.ts';
import { NestError } from './errors.ts';

export interface OnEventOptions {
  /**
   * Name of the consumer whose queue the event comes from. Needed where several consumers declare the event.
   * @default - every consumer that declares the event
   */
  readonly consumer?: string;
}

/**
 * What a handler may look like: it takes the event alone, the event and its context, or all three. The
 * transaction is that of the inbox, and there when the module has an `inbox`.
 */
export type EventMethod<Contract extends AnyEventContract> = (
  event: EnvelopeOf<Contract>,
  context: HandlerContext,
  transaction: PoolClient,
) => Promise<void> | void;

/** Works as a standard decorator and, with `experimentalDecorators`, as a legacy one. */
export interface OnEventDecorator<Contract extends AnyEventContract> {
  (method: EventMethod<Contract>, context: ClassMethodDecoratorContext): void;
  <Method extends EventMethod<Contract>>(
    prototype: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void;
}

/** One `@OnEvent()` of a method. */
export interface EventMark {
  readonly contract: AnyEventContract;
  readonly consumer: string | undefined;
}

/** On the function itself, as Nest's own method metadata is. A registered symbol holds across copies of the package. */
const MARKS = Symbol.for('waybill.nestjs.on-event');

interface MarkedFunction {
  [MARKS]?: readonly EventMark[];
}

/**
 * The method handles the events of this contract. Its first parameter must be the contract's envelope: another
 * type is a compile error. May be given several times to one method.
 *
 * @example
 * class Gallery {
 *   @OnEvent(GenerationComplete)
 *   async show(event: EnvelopeOf<typeof GenerationComplete>): Promise<void> {}
 * }
 *
 * @throws NestError WAYBILL_NEST_HANDLER_NO_METHOD on anything else than a method
 */
export function OnEvent<Contract extends AnyEventContract>(
  contract: Contract,
  options: OnEventOptions = {},
): OnEventDecorator<Contract> {
  return (target: unknown, second: unknown, descriptor?: { readonly value?: unknown }): void => {
    // The standard decorator is given the method itself, the legacy one the prototype, the name and a descriptor.
    const method = descriptor === undefined ? target : descriptor.value;
    if (typeof method !== 'function' || !isForMethod(second)) {
      throw new NestError(
        'WAYBILL_NEST_HANDLER_NO_METHOD',
        `@OnEvent(${contract.name}) was put on something that is no method: put it on a method of a provider, not on a property, accessor or class`,
      );
    }
    const marked = method as MarkedFunction;
    Object.defineProperty(marked, MARKS, {
      value: [...(marked[MARKS] ?? []), { contract, consumer: options.consumer }],
      configurable: true,
    });
  };
}

export function marksOf(method: unknown): readonly EventMark[] {
  return typeof method === 'function' ? ((method as MarkedFunction)[MARKS] ?? []) : [];
}

function isForMethod(second: unknown): boolean {
  if (typeof second === 'string' || typeof second === 'symbol') return true;
  return typeof second === 'object' && second !== null && (second as { kind?: unknown }).kind === 'method';
}
