/** What is wrong with a definition, and where: the list that validation fills, and what its parts share. */
import type { Json, JsonObject } from '../json.ts';
import type { QueryLanguage } from './definition.ts';

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html */
export interface Diagnostic {
  readonly severity: 'ERROR' | 'WARNING';
  readonly code: string;
  readonly message: string;
  /** Where, as a JSON pointer: `/States/Charge/Next`. */
  readonly location: string;
}

export interface Diagnostics {
  /** What does not follow the schema of the language. */
  schema(location: string, message: string): void;
  /** A state that is not there, or that nothing leads to. */
  transition(location: string, message: string): void;
  readonly list: readonly Diagnostic[];
}

export function createDiagnostics(): Diagnostics {
  const list: Diagnostic[] = [];
  const add = (code: string) => (location: string, message: string) =>
    void list.push({ severity: 'ERROR', code, message, location });
  return { schema: add('SCHEMA_VALIDATION_FAILED'), transition: add('MISSING_TRANSITION_TARGET'), list };
}

/** What a flow inherits from what it lies in. */
export interface FlowScope {
  readonly language: QueryLanguage;
  readonly express: boolean;
  /** Every state name of the machine so far: they are unique across branches too. */
  readonly names: Set<string>;
  /** Variables assigned outside, which a branch may read and not assign. */
  readonly outerVariables: ReadonlySet<string>;
  readonly report: Diagnostics;
  /** Validates a flow within a flow. */
  readonly flow: (flow: JsonObject, at: string, depth: number, scope: FlowScope) => void;
}

export function refuseUnknown(
  object: JsonObject,
  known: ReadonlySet<string>,
  at: string,
  report: Diagnostics,
): void {
  for (const name of Object.keys(object)) {
    if (!known.has(name)) report.schema(`${at}/${name}`, `Field "${name}" is not supported.`);
  }
}

export function isWhole(value: Json | undefined, least: number, most = 99_999_999): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
