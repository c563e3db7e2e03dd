/** Fields that commands of several services have. */
import * as z from 'zod/mini';

const NAME_MAX_LENGTH = 200;
/** RFC 5321, section 4.5.3.1: 64 for the local part, 255 for the domain. */
const EMAIL_MAX_LENGTH = 320;

export const Name = z.string().check(z.trim(), z.minLength(1), z.maxLength(NAME_MAX_LENGTH));

export const EmailAddress = z
  .string()
  .check(z.maxLength(EMAIL_MAX_LENGTH), z.regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address'));
