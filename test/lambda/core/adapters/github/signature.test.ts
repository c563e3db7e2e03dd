import { expect, test } from '@jest/globals';
import { isSignedBy } from '../../../../../lambda/core/adapters/github/signature.ts';
import { gitHubSignature } from '../../../../../local/workload/api-client.ts';

test("GitHub's own example validates", () => {
  // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

  expect(gitHubSignature("It's a Secret to Everybody", Buffer.from('Hello, World!'))).toBe(signature);
  expect(isSignedBy("It's a Secret to Everybody", Buffer.from('Hello, World!'), signature)).toBe(true);
});

const BODY = Buffer.from('{"a":1}');

test.each([
  ['missing', undefined],
  ['empty', ''],
  ['of another secret', gitHubSignature('other', BODY)],
  ['of another body', gitHubSignature('secret', Buffer.from('{"a":2}'))],
  ['SHA-1', 'sha1=757107ea0eb2509fc211221cce984b8a37570b6d'],
  ['too short', gitHubSignature('secret', BODY).slice(0, -2)],
  ['too long', `${gitHubSignature('secret', BODY)}00`],
  ['all zeros, which stands for a missing one', `sha256=${'0'.repeat(64)}`],
  ['without its prefix', gitHubSignature('secret', BODY).slice('sha256='.length)],
])('a signature that is %s is refused', (_case, signature) => {
  expect(isSignedBy('secret', BODY, signature)).toBe(false);
});

test('bytes that are no UTF-8 are signed as they are', () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);

  expect(isSignedBy('secret', bytes, gitHubSignature('secret', bytes))).toBe(true);
  expect(isSignedBy('secret', Buffer.from(bytes.toString('utf8')), gitHubSignature('secret', bytes))).toBe(
    false,
  );
});
