import { afterEach, expect, test } from '@jest/globals';
import { tokenSecret } from '../../../lambda/service/token-secret.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:token';

afterEach(() => {
  delete process.env['API_TOKEN_SECRET_ARN'];
});

test('an error says that it is the secret of the tokens', async () => {
  delete process.env['AWS_ACCESS_KEY_ID'];

  await expect(tokenSecret()).rejects.toMatchObject({ code: 'WAYBILL_TOKEN_SECRET_NOT_CONFIGURED' });

  process.env['API_TOKEN_SECRET_ARN'] = ARN;
  await expect(tokenSecret()).rejects.toMatchObject({
    code: 'WAYBILL_TOKEN_SECRET_UNREADABLE',
    message: expect.stringContaining('the secret that signs the tokens of the API'),
  });
});
