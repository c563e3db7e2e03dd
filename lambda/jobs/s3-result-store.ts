/** Large results as objects of S3, in the bucket of the claim checks, under the tenant and the job's attempt. */
import { createHash } from 'node:crypto';
import { JobResult } from '../../catalog/jobs/index.ts';
import { endpointOf } from '../runtime/clients.ts';
import { requiredCredentials } from '../runtime/aws/signed-call.ts';
import type { Environment } from '../runtime/environment.ts';
import { signedHeaders } from '../runtime/signed-request.ts';
import type { ResultStore } from './result-store.ts';

/** Where they are in the bucket. */
export const JOB_RESULTS_PREFIX = 'job-results/';

/** Milliseconds. */
const CALL_TIMEOUT = 10_000;
const MAX_TRIES = 3;

export function s3ResultStore(bucket: string, environment: Environment = process.env): ResultStore {
  return {
    async write({ tenantId, jobId }, attempt, result) {
      // Characters of a tenant's name are anyone's; those of a hash are safe in a path.
      const tenant = createHash('sha256').update(tenantId).digest('hex').slice(0, 32);
      const claim = `${JOB_RESULTS_PREFIX}${tenant}/${jobId}/${attempt}.json`;
      await call(environment, bucket, 'PUT', claim, JSON.stringify(result));
      return claim;
    },
    read: async (claim) => JobResult.parse(JSON.parse(await call(environment, bucket, 'GET', claim, ''))),
  };
}

/** "PutObject" and "GetObject", AmazonS3/latest/API/API_PutObject.html. */
async function call(
  environment: Environment,
  bucket: string,
  method: 'GET' | 'PUT',
  key: string,
  body: string,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(environment, bucket, method, key, body);
    } catch (error) {
      const { status } = error as { readonly status?: number };
      if (attempt === MAX_TRIES || (status !== undefined && status < 500)) throw error;
    }
  }
}

async function once(
  environment: Environment,
  bucket: string,
  method: 'GET' | 'PUT',
  key: string,
  body: string,
): Promise<string> {
  const region = environment['AWS_REGION'] ?? 'us-east-1';
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const local = endpointOf('S3', environment);
  const url =
    local === undefined
      ? new URL(`https://${bucket}.s3.${region}.${suffix}/${key}`)
      : new URL(`/${bucket}/${key}`, local);
  const headers = {
    'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
    ...(method === 'PUT' && { 'content-type': 'application/json' }),
  };
  const credentials = requiredCredentials(environment);
  const response = await fetch(url, {
    method,
    headers: signedHeaders({ credentials, region, service: 's3', url, method, headers, body }),
    ...(method === 'PUT' && { body }),
    signal: AbortSignal.timeout(CALL_TIMEOUT),
  });
  const answer = await response.text();
  if (response.ok) return answer;
  const code = /<Code>([^<]+)<\/Code>/.exec(answer)?.[1] ?? `HTTP${response.status}`;
  throw Object.assign(new Error(`S3 ${method}: ${code}`), { name: code, status: response.status });
}
