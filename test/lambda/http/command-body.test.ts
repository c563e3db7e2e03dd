/** What a caller is told of a body that is refused: which field, and what it may be; never what it was. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { commandBody } from '../../../lambda/http/request.ts';

const Command = z.strictObject({
  prompt: z.string().check(z.minLength(1), z.maxLength(8)),
  model: z.enum(['small', 'large']),
  width: z.int().check(z.gte(1), z.lte(100)),
});
const GOOD = { prompt: 'a gull', model: 'small', width: 10 };

const bodyOf = (body: unknown) =>
  commandBody({ body: JSON.stringify(body), isBase64Encoded: false } as APIGatewayProxyEventV2, Command);

beforeEach(() => {
  // As in a function that starts: tests of other schemas must not have said it.
  z.config({ localeError: undefined });
});

test('a body that fits is the value', async () => {
  expect(await bodyOf(GOOD)).toEqual(GOOD);
});

test.each([
  ['no field', { ...GOOD, prompt: undefined }, /^prompt: .*expected string/],
  ['a text that is too long', { ...GOOD, prompt: 'secret words' }, /^prompt: Too big: .*<=8 characters/],
  ['an unknown choice', { ...GOOD, model: 'secret' }, /^model: .*"small"\|"large"/],
  ['a number that is too small', { ...GOOD, width: 0 }, /^width: Too small: .*>=1/],
  ['a field too many', { ...GOOD, colour: 'secret' }, /Unrecognized key: "colour"/],
  ['no object', ['secret'], /expected object, received array/],
])('%s is named, with what is allowed', async (_name, body, detail) => {
  const refused = (await bodyOf(body).catch((error: unknown) => error)) as Error;

  expect(refused).toMatchObject({ status: 422, code: 'WAYBILL_COMMAND_INVALID' });
  expect(refused.message).toMatch(detail);
  expect(refused.message).not.toContain('secret');
});

describe('text that can not be stored', () => {
  const Text = z.strictObject({ text: z.string() });
  const sent = (body: string | Buffer) =>
    commandBody(
      { body: Buffer.from(body).toString('base64'), isBase64Encoded: true } as APIGatewayProxyEventV2,
      Text,
    );

  test.each([
    ['NUL', String.raw`{"text":"a\u0000b"}`],
    ['the first half of a surrogate pair', String.raw`{"text":"a\ud83d"}`],
    ['the second half of one', String.raw`{"text":"\uDE00b"}`],
    ['NUL in a name', String.raw`{"text":"a","\u0000":1}`],
    ['NUL far below', `{"text":${'['.repeat(20_000)}"\\u0000"${']'.repeat(20_000)}}`],
  ])('%s is refused', async (_name, body) => {
    await expect(sent(body)).rejects.toMatchObject({
      status: 422,
      code: 'WAYBILL_COMMAND_INVALID',
      message: expect.stringContaining('can not be stored') as unknown as string,
    });
  });

  test('bytes that are no UTF-8 are no JSON', async () => {
    const body = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    await expect(sent(body)).rejects.toMatchObject({ status: 400, code: 'WAYBILL_BODY_NOT_JSON' });
  });

  test('what only looks like it is taken', async () => {
    expect(await sent(String.raw`{"text":"\\u0000 \\ud83d \ud83d\ude00"}`)).toEqual({
      text: String.raw`\u0000 \ud83d ${'😀'}`,
    });
  });
});
