/** What a system's stack sets for its functions, read at first use. */
import { RuntimeError } from '../runtime/errors.ts';

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING */
export function setting(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new RuntimeError(
    'WAYBILL_ENVIRONMENT_MISSING',
    `environment variable ${name} is not set: the system's stack sets it`,
  );
}

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID for anything but a whole number above zero */
export function numberSetting(name: string): number {
  const text = setting(name);
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RuntimeError(
    'WAYBILL_ENVIRONMENT_INVALID',
    `environment variable ${name} must be a whole number above zero, received '${text}'`,
  );
}
