/** Validation as data: a table of rules per construct, all of them run, every failure in one error. */
import { Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from './errors.ts';
import type { ValidationCode, ValidationFailure } from './errors.ts';

/** Looks at the props and says what is wrong, or nothing. */
export type Rule<Props> = (props: Props) => ValidationFailure | undefined;

/** @throws ValidationError with what every broken rule says */
export function validateProps<Props>(scope: IConstruct, rules: readonly Rule<Props>[], props: Props): void {
  const failures = rules.flatMap((rule) => rule(props) ?? []);
  if (failures.length > 0) throw new ValidationError(scope, failures);
}

/** A rule for a number within bounds. Absent values and tokens pass, so that no rule has to remember them. */
export function numberInRange<Props>(
  code: ValidationCode,
  prop: keyof Props & string,
  bounds: { readonly min: number; readonly max: number; readonly unit: string },
  fix: string,
): Rule<Props> {
  return (props) => {
    const value = numberOf(props[prop]);
    if (value === undefined || (value >= bounds.min && value <= bounds.max && Number.isInteger(value))) {
      return undefined;
    }
    return {
      code,
      prop,
      received: `${value} ${bounds.unit}`,
      allowed:
        bounds.min === bounds.max
          ? `${bounds.min} ${bounds.unit}`
          : `${bounds.min} to ${bounds.max} ${bounds.unit}`,
      fix,
    };
  };
}

/** A number, or the seconds of a duration. Undefined where it is absent or only known at deployment. */
function numberOf(value: unknown): number | undefined {
  if (value instanceof Duration) return secondsOf(value);
  return typeof value === 'number' && !Token.isUnresolved(value) ? value : undefined;
}

/** Undefined where the duration is absent or only known at deployment. */
export function secondsOf(duration: Duration | undefined): number | undefined {
  return duration === undefined || duration.isUnresolved()
    ? undefined
    : duration.toSeconds({ integral: false });
}
