/** Which method handles which event of which consumer: found in the providers, checked before anything starts. */
import type { AnyEventContract } from '../lib/contracts/index.ts';
import { NestError } from './errors.ts';
import { marksOf } from './on-event.ts';
import type { EventMark } from './on-event.ts';

/** What is read of Nest's InstanceWrapper. */
export interface Provider {
  readonly instance: unknown;
  readonly name: unknown;
  isDependencyTreeStatic(): boolean;
}

/** A marked method of one instance. */
export interface FoundHandler extends EventMark {
  /** `Gallery.show`, for errors and logs. */
  readonly name: string;
  readonly parameters: number;
  readonly call: (...given: readonly unknown[]) => unknown;
}

/** A consumer before its handlers are known. */
export interface DeclaredConsumer {
  readonly name: string;
  readonly contracts: readonly AnyEventContract[] | undefined;
  readonly hasInbox: boolean;
}

/** The contracts of a consumer, each with its handler. */
export type HandlersByType = ReadonlyMap<string, FoundHandler>;

/** @throws NestError WAYBILL_NEST_HANDLER_SCOPED */
export function findHandlers(providers: readonly Provider[]): readonly FoundHandler[] {
  const seen = new Set<object>();
  return providers.flatMap((provider) => {
    const { instance } = provider;
    // An alias (useExisting) is the same instance under another token.
    if (typeof instance !== 'object' || instance === null || seen.has(instance)) return [];
    seen.add(instance);
    const found = methodsOf(instance).flatMap(([name, method]) =>
      marksOf(method).map((mark) => foundHandler(instance, name, method, mark)),
    );
    if (found[0] !== undefined && !provider.isDependencyTreeStatic()) {
      throw new NestError(
        'WAYBILL_NEST_HANDLER_SCOPED',
        `${found[0].name} handles ${found[0].contract.name}, but its provider, or one that it depends on, is request-scoped or transient: a message is no request, so give the provider the default scope`,
      );
    }
    return found;
  });
}

/**
 * | contract | handlers of this consumer | result |
 * |---|---|---|
 * | declared | one | handled |
 * | declared | none | WAYBILL_NEST_HANDLER_MISSING: its messages would all be dead-lettered |
 * | declared or not | two or more | WAYBILL_NEST_HANDLER_TWICE: the second would never run, or run beside the first |
 * | not declared, consumer declares none | one | handled |
 * | declared by no consumer | one | WAYBILL_NEST_HANDLER_WITHOUT_CONSUMER: it would never run |
 *
 * @throws NestError as in the table, and WAYBILL_NEST_INBOX_MISSING where a handler asks for a transaction
 */
export function assignHandlers(
  consumers: readonly DeclaredConsumer[],
  handlers: readonly FoundHandler[],
): ReadonlyMap<string, HandlersByType> {
  const assigned = new Map(consumers.map((consumer) => [consumer.name, handlersOf(consumer, handlers)]));
  const used = new Set([...assigned.values()].flatMap((byType) => [...byType.values()]));
  const unused = handlers.find((handler) => !used.has(handler));
  if (unused !== undefined) throw withoutConsumer(unused, consumers);
  return assigned;
}

function handlersOf(consumer: DeclaredConsumer, handlers: readonly FoundHandler[]): HandlersByType {
  const declared = consumer.contracts?.map(({ name }) => name);
  const byType = new Map<string, FoundHandler>();
  for (const handler of handlers) {
    const type = handler.contract.name;
    if (handler.consumer !== undefined && handler.consumer !== consumer.name) continue;
    if (declared !== undefined && !declared.includes(type)) continue;
    const other = byType.get(type);
    if (other !== undefined) {
      throw new NestError(
        'WAYBILL_NEST_HANDLER_TWICE',
        `consumer '${consumer.name}': both ${other.name} and ${handler.name} handle ${type}: keep one and call the other from it, or give each effect a queue and a consumer of its own, so that one can fail and be tried again without the other`,
      );
    }
    if (handler.parameters > 2 && !consumer.hasInbox) {
      throw new NestError(
        'WAYBILL_NEST_INBOX_MISSING',
        `${handler.name} takes a transaction as its third argument, but consumer '${consumer.name}' has no \`inbox\`: give WaybillModule a pool, inbox: new Pool(...)`,
      );
    }
    byType.set(type, handler);
  }
  const missing = declared?.find((type) => !byType.has(type));
  if (missing !== undefined || (declared === undefined && byType.size === 0)) {
    throw new NestError(
      'WAYBILL_NEST_HANDLER_MISSING',
      `consumer '${consumer.name}' ${missing === undefined ? 'has no handler at all' : `declares ${missing} and has no handler for it`}: put @OnEvent(${missing ?? 'Contract'}) on a method of a provider, and the provider into a module of this application`,
    );
  }
  return byType;
}

function withoutConsumer(handler: FoundHandler, consumers: readonly DeclaredConsumer[]): NestError {
  const known = consumers.map(({ name }) => `'${name}'`).join(', ') || 'none';
  const wanted = handler.consumer === undefined ? 'no consumer' : `consumer '${handler.consumer}'`;
  return new NestError(
    'WAYBILL_NEST_HANDLER_WITHOUT_CONSUMER',
    `${handler.name} handles ${handler.contract.name}, which ${wanted} of WaybillModule declares (consumers: ${known}), so it would never run: add the contract to \`contracts\` of its consumer`,
  );
}

function foundHandler(
  instance: object,
  name: string,
  method: (...given: readonly unknown[]) => unknown,
  mark: EventMark,
): FoundHandler {
  return {
    ...mark,
    name: `${instance.constructor.name}.${name}`,
    parameters: method.length,
    call: (...given) => method.apply(instance, given as unknown[]),
  };
}

/** Inherited ones too; of an overridden method the overriding one alone. */
function methodsOf(instance: object): [string, (...given: readonly unknown[]) => unknown][] {
  const methods = new Map<string, (...given: readonly unknown[]) => unknown>();
  const passed = new Set<string>(['constructor']);
  for (
    let owner: object | null = Object.getPrototypeOf(instance) as object | null;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (passed.has(name)) continue;
      passed.add(name);
      // A getter is not called: it may do anything.
      const value: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
      if (typeof value === 'function') methods.set(name, value as (...given: readonly unknown[]) => unknown);
    }
  }
  return [...methods];
}
