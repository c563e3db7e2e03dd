/** The errors of SNS, in its words. https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html */
import { AwsError } from '../errors.ts';

const NOT_FOUND = 404;
const FORBIDDEN = 403;

/** `Invalid parameter: NAME Reason: WHY`, as most checks of SNS put it. */
export function invalidParameter(detail: string): AwsError {
  return new AwsError('InvalidParameterException', `Invalid parameter: ${detail}`, 400, {
    queryCode: 'InvalidParameter',
  });
}

/** A message attribute that breaks the rules for names, types or values. */
export function invalidParameterValue(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, 400, { queryCode: 'ParameterValueInvalid' });
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message, 400, { queryCode: 'ValidationError' });
}

export function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message, NOT_FOUND, { queryCode: 'NotFound' });
}

export function topicNotFound(): AwsError {
  return notFound('Topic does not exist');
}

export function subscriptionNotFound(): AwsError {
  return notFound('Subscription does not exist');
}

export function endpointDisabled(): AwsError {
  return new AwsError('EndpointDisabledException', 'Endpoint is disabled', 400, {
    queryCode: 'EndpointDisabled',
  });
}

/** A topic keeps its archive until the archive policy is taken away. */
export function archiveIsActive(): AwsError {
  return new AwsError(
    'InvalidStateException',
    'Invalid state: a topic with an active archive policy can not be deleted. Set ArchivePolicy to "{}" first.',
    400,
    { queryCode: 'InvalidState' },
  );
}

export function resourceNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'Resource does not exist', NOT_FOUND, {
    queryCode: 'ResourceNotFound',
  });
}

export function tagLimitExceeded(): AwsError {
  return new AwsError(
    'TagLimitExceededException',
    'Could not complete request: tag quota of per resource exceeded',
    400,
    { queryCode: 'TagLimitExceeded' },
  );
}

/** What the account may not do. */
export function authorizationError(message: string): AwsError {
  return new AwsError('AuthorizationErrorException', message, FORBIDDEN, { queryCode: 'AuthorizationError' });
}

export function limitExceeded(
  code: 'SubscriptionLimitExceeded' | 'TopicLimitExceeded' | 'FilterPolicyLimitExceeded',
  message: string,
): AwsError {
  return new AwsError(`${code}Exception`, message, FORBIDDEN, { queryCode: code });
}

/** A refusal of a whole batch. */
export function batchError(
  code:
    | 'EmptyBatchRequest'
    | 'TooManyEntriesInBatchRequest'
    | 'BatchEntryIdsNotDistinct'
    | 'BatchRequestTooLong'
    | 'InvalidBatchEntryId',
  message: string,
): AwsError {
  return new AwsError(`${code}Exception`, message, 400, { queryCode: code });
}
