/** Rotation of keys, by the clock and on demand. kms/latest/developerguide/rotate-keys.html */
import type { AwsContext } from '../context.ts';
import { requiredText, wholeNumber, type JsonInput } from '../json-input.ts';
import { listed, truncation, type Action } from './action.ts';
import { DAY_MILLISECONDS, type Keys } from './keys.ts';

/** EnableKeyRotation */
const SHORTEST_ROTATION_DAYS = 90;
const LONGEST_ROTATION_DAYS = 2560;
const DEFAULT_ROTATION_DAYS = 365;

export function rotationActions({ clock }: AwsContext, keys: Keys): Readonly<Record<string, Action>> {
  const keyOf = (input: JsonInput) => keys.usable(requiredText(input, 'KeyId'));
  return {
    EnableKeyRotation(input) {
      const periodDays = wholeNumber(
        input,
        'RotationPeriodInDays',
        SHORTEST_ROTATION_DAYS,
        LONGEST_ROTATION_DAYS,
        DEFAULT_ROTATION_DAYS,
      );
      const nextAt = clock.now() + periodDays * DAY_MILLISECONDS;
      keys.change(keyOf(input), { automaticRotation: { periodDays, nextAt } });
    },
    DisableKeyRotation(input) {
      const key = keyOf(input);
      Object.assign(key, { automaticRotation: undefined });
      keys.change(key, {});
    },
    GetKeyRotationStatus(input) {
      const key = keys.find(requiredText(input, 'KeyId'));
      const { automaticRotation } = key;
      return {
        KeyId: key.arn,
        KeyRotationEnabled: automaticRotation !== undefined,
        ...(automaticRotation && {
          RotationPeriodInDays: automaticRotation.periodDays,
          NextRotationDate: automaticRotation.nextAt / 1000,
        }),
      };
    },
    RotateKeyOnDemand(input) {
      const key = keyOf(input);
      keys.rotate(key, 'ON_DEMAND');
      return { KeyId: key.arn };
    },
    ListKeyRotations(input) {
      const key = keys.find(requiredText(input, 'KeyId'));
      const { items, nextToken } = listed(input, key.rotations);
      return {
        Rotations: items.map(({ type, at }) => ({
          KeyId: key.arn,
          RotationDate: at / 1000,
          RotationType: type,
        })),
        ...truncation(nextToken),
      };
    },
  };
}
