/**
 * GetRandomPassword: also what `GenerateSecretString` of a template uses.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
 */
import { randomInt } from 'node:crypto';
import { AwsError } from '../errors.ts';
import { flag, optionalText, wholeNumber, type JsonInput } from '../json-input.ts';

const DEFAULT_LENGTH = 32;
const MAXIMUM_LENGTH = 4096;

/** A password for the members `PasswordLength`, `Exclude...`, `IncludeSpace` and `RequireEachIncludedType`. */
export function randomPassword(input: JsonInput): string {
  const length = wholeNumber(input, 'PasswordLength', 1, MAXIMUM_LENGTH, DEFAULT_LENGTH);
  const excluded = new Set(optionalText(input, 'ExcludeCharacters') ?? '');
  const allowed = (characters: string) =>
    characters.split('').filter((character) => !excluded.has(character));
  const kinds = [
    flag(input, 'ExcludeLowercase') ? [] : allowed('abcdefghijklmnopqrstuvwxyz'),
    flag(input, 'ExcludeUppercase') ? [] : allowed('ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
    flag(input, 'ExcludeNumbers') ? [] : allowed('0123456789'),
    flag(input, 'ExcludePunctuation') ? [] : allowed('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'),
    flag(input, 'IncludeSpace') ? allowed(' ') : [],
  ].filter((kind) => kind.length > 0);
  const requireEach = input['RequireEachIncludedType'] !== false;
  if (kinds.length === 0 || (requireEach && length < kinds.length)) {
    throw new AwsError('InvalidParameterException', 'No password can be made with these settings.');
  }
  const pool = kinds.flat();
  const characters = requireEach ? kinds.map(pick) : [];
  while (characters.length < length) characters.push(pick(pool));
  return shuffled(characters).join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? '';
}

function shuffled(characters: readonly string[]): string[] {
  const result = [...characters];
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [result[index], result[other]] = [result[other] ?? '', result[index] ?? ''];
  }
  return result;
}
