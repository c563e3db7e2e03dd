/** Claims as objects of an S3 bucket, by the two calls that takes, signed by hand. */
import { createHash } from 'node:crypto';
import { named, sendSigned, withRetries } from '../aws/signed-call.ts';
import { endpointOf, localAws } from '../clients.ts';
import type { Environment } from '../environment.ts';
import type { ClaimStore } from './claim.ts';

/**
 * Errors of S3, throttling and broken connections are tried again, three times in all, and then thrown.
 *
 * @param bucket the name of a ClaimCheckBucket; unless given, what its grants put into WAYBILL_CLAIM_CHECK_BUCKET
 */
export function s3ClaimStore(
  bucket: string | undefined = process.env['WAYBILL_CLAIM_CHECK_BUCKET'],
  environment: Environment = process.env,
): ClaimStore {
  const call = (method: 'GET' | 'PUT', key: string, content: Uint8Array) =>
    withRetries(() => once(environment, bucket ?? '', method, key, content));
  return {
    isOff: !bucket,
    async put(key, content) {
      await call('PUT', key, content);
    },
    get: (key) =>
      call('GET', key, new Uint8Array()).catch((error: unknown) => {
        // Only this says for certain that it is gone: without s3:ListBucket S3 answers AccessDenied, which is retried.
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }),
  };
}

/** "PutObject" and "GetObject", AmazonS3/latest/API/API_PutObject.html. */
async function once(
  environment: Environment,
  bucket: string,
  method: 'GET' | 'PUT',
  key: string,
  body: Uint8Array,
): Promise<Uint8Array> {
  const region = environment['AWS_REGION'] ?? (localAws(environment) === undefined ? undefined : 'us-east-1');
  if (region === undefined) throw named('ConfigError', 'AWS_REGION is not set: Lambda sets it');
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const local = endpointOf('S3', environment);
  const path = key.split('/').map(encodeURIComponent).join('/');
  const url = new URL(
    local ? `${bucket}/${path}` : path,
    local ?? `https://${bucket}.s3.${region}.${suffix}`,
  );
  const headers = { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') };
  const response = await sendSigned(environment, url, { region, service: 's3', method, headers, body });
  const answer = Buffer.from(await response.arrayBuffer());
  if (response.ok) return answer;
  const code = /<Code>([^<]+)/.exec(answer.toString())?.[1] ?? `HTTP${response.status}`;
  throw Object.assign(named(code, `S3 ${method}: ${code}`), { status: response.status });
}
