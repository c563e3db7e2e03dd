/** The settings that only mappings of streams have, and AWS's limits to them. */
import { AwsError } from '../errors.ts';
import type { ReadFrom } from '../polling/index.ts';
import type { MappingInput } from './event-source-mapping.ts';

const PARALLELIZATION = { minimum: 1, maximum: 10 };
const RETRY_ATTEMPTS = { minimum: -1, maximum: 10_000 };
/** -1 and 0 aside; -1 is no limit. */
const RECORD_AGE_SECONDS = { minimum: 60, maximum: 604_800 };
const TUMBLING_WINDOW_SECONDS = { minimum: 0, maximum: 900 };

export interface StreamSettings {
  readonly start: ReadFrom;
  readonly parallelizationFactor: number;
  readonly bisect: boolean;
  /** Infinity for -1. */
  readonly maximumRetryAttempts: number;
  /** Infinity for -1. */
  readonly maximumRecordAgeSeconds: number;
  readonly tumblingWindowSeconds: number;
  /** ARN of a queue, topic or bucket. */
  readonly onFailure: string | undefined;
}

export function streamSettings(
  input: MappingInput,
  kind: 'kinesis' | 'dynamodb' | 'kafka',
  now: number,
): StreamSettings {
  const attempts = input.MaximumRetryAttempts ?? -1;
  const age = input.MaximumRecordAgeInSeconds ?? -1;
  if (age !== -1) within('MaximumRecordAgeInSeconds', age, RECORD_AGE_SECONDS);
  const onFailure = input.DestinationConfig?.OnFailure?.Destination;
  if (onFailure !== undefined && !/^arn:aws[\w-]*:(?:sqs|sns|s3):/.test(onFailure)) {
    throw invalid(`The provided destination config DestinationConfig is invalid: ${onFailure}`);
  }
  if (onFailure?.endsWith('.fifo') === true) {
    throw invalid('Destinations of event source mappings must be standard queues and topics.');
  }
  return {
    start: startOf(input, kind, now),
    parallelizationFactor: within('ParallelizationFactor', input.ParallelizationFactor ?? 1, PARALLELIZATION),
    bisect: input.BisectBatchOnFunctionError ?? false,
    maximumRetryAttempts: unlimited(within('MaximumRetryAttempts', attempts, RETRY_ATTEMPTS)),
    maximumRecordAgeSeconds: unlimited(age),
    tumblingWindowSeconds: within(
      'TumblingWindowInSeconds',
      input.TumblingWindowInSeconds ?? 0,
      TUMBLING_WINDOW_SECONDS,
    ),
    onFailure,
  };
}

function startOf(input: MappingInput, kind: 'kinesis' | 'dynamodb' | 'kafka', now: number): ReadFrom {
  const { StartingPosition: position, StartingPositionTimestamp: given } = input;
  switch (position) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      return { type: position };
    case 'AT_TIMESTAMP': {
      if (kind === 'dynamodb') {
        throw invalid(
          'Unsupported starting position for arn type: dynamodb. Please use TRIM_HORIZON or LATEST.',
        );
      }
      if (given === undefined) {
        throw invalid('StartingPositionTimestamp is required when StartingPosition is AT_TIMESTAMP.');
      }
      const timestamp = given instanceof Date ? given.getTime() : given * 1000;
      if (timestamp > now) throw invalid('StartingPositionTimestamp cannot be in the future.');
      return { type: position, timestamp };
    }
    case undefined:
      throw invalid(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
      );
    default:
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value '${position}' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]`,
      );
  }
}

function unlimited(value: number): number {
  return value === -1 ? Infinity : value;
}

function within(
  name: string,
  value: number,
  range: { readonly minimum: number; readonly maximum: number },
): number {
  if (Number.isInteger(value) && value >= range.minimum && value <= range.maximum) return value;
  throw invalid(`${name} must be between ${range.minimum} and ${range.maximum}; got ${value}`);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
