/** Tags of a queue: which ones AWS takes. "Amazon SQS queue quotas", quotas-queues.html */
import { invalidParameter } from './errors.ts';
import { MAXIMUM_TAG_KEY_LENGTH, MAXIMUM_TAG_VALUE_LENGTH, MAXIMUM_TAGS } from './limits.ts';

export type Tags = Readonly<Record<string, string>>;

/** The tags themselves; throws `InvalidParameterValue` for what AWS refuses. */
export function checkedTags(tags: Tags, queueName: string): Tags {
  const entries = Object.entries(tags);
  if (entries.length > MAXIMUM_TAGS) {
    throw invalidParameter(
      `Too many tags added for queue ${queueName}. At most ${MAXIMUM_TAGS} are allowed.`,
    );
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > MAXIMUM_TAG_KEY_LENGTH || /^aws:/i.test(key)) {
      throw invalidParameter(
        `Tag keys must be between 1 and ${MAXIMUM_TAG_KEY_LENGTH} characters in length and must not start with aws:.`,
      );
    }
    if (value.length > MAXIMUM_TAG_VALUE_LENGTH) {
      throw invalidParameter(
        `Tag values must be between 0 and ${MAXIMUM_TAG_VALUE_LENGTH} characters in length.`,
      );
    }
  }
  return tags;
}
