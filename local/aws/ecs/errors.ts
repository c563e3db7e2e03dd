/** The errors of the Amazon ECS API, and the reading of its requests. AmazonECS/latest/APIReference/CommonErrors.html */
import { AwsError } from '../errors.ts';
import { inputReader } from '../input.ts';

export function clientException(message: string): AwsError {
  return new AwsError('ClientException', message);
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function clusterNotFound(): AwsError {
  return new AwsError('ClusterNotFoundException', 'Cluster not found.');
}

export function serviceNotFound(): AwsError {
  return new AwsError('ServiceNotFoundException', 'Service not found.');
}

export function serviceNotActive(): AwsError {
  return new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
}

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: (name) => invalidParameter(`${name} is required.`),
  wrongType: (name, expected) => invalidParameter(`${name} must be ${expected}.`),
  outOfRange: (name, _value, minimum, maximum) =>
    invalidParameter(`${name} must be a whole number from ${minimum} to ${maximum}.`),
});
