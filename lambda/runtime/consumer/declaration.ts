/**
 * What `consume()` was told. The function it returns is for Lambda; whoever runs the same consumer elsewhere
 * (on PostgreSQL, on Redis) takes contracts, handler and options from here, so that one declaration serves all.
 */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { RuntimeError } from '../errors.ts';
import type { Handler } from '../types.ts';
import type { ConsumerOptions } from './consumer-options.ts';

export interface ConsumerDeclaration<Contract extends AnyEventContract = AnyEventContract> {
  readonly contracts: readonly Contract[];
  readonly handler: Handler<Contract>;
  readonly options: ConsumerOptions;
}

/** Of the registry, so that a second copy of the package reads it too. */
const DECLARATION = Symbol.for('waybill.consumer');

export function withDeclaration<Run extends object, Contract extends AnyEventContract>(
  run: Run,
  declaration: ConsumerDeclaration<Contract>,
): Run {
  return Object.defineProperty(run, DECLARATION, { value: declaration });
}

/** @throws RuntimeError WAYBILL_OPTION_INVALID for what `consume()` did not make */
export function declarationOf(run: object): ConsumerDeclaration {
  const declaration = (run as { readonly [DECLARATION]?: ConsumerDeclaration })[DECLARATION];
  if (declaration !== undefined) return declaration;
  throw new RuntimeError(
    'WAYBILL_OPTION_INVALID',
    `consumer must be what consume(contracts, handler) returned; received a ${typeof run} without a declaration`,
  );
}
