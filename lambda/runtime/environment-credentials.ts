/**
 * AWS credentials from the environment, which is where Lambda puts them. The bundler puts this file in the
 * place of `@aws-sdk/credential-provider-node` (lib/constructs/bundle-options.ts), whose SSO, STS, profile and
 * instance-metadata clients a function never uses; the names below are the ones that package exports.
 */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Source: "Defined runtime environment variables", lambda/latest/dg/configuration-envvars.html. */
export function defaultProvider(): () => Promise<Credentials> {
  return async () => {
    const accessKeyId = process.env['AWS_ACCESS_KEY_ID'];
    const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'];
    const sessionToken = process.env['AWS_SESSION_TOKEN'];
    if (!accessKeyId || !secretAccessKey) {
      throw new Error(
        'WAYBILL_CREDENTIALS_MISSING: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set. Lambda sets ' +
          "both; elsewhere set them, or bundle without the alias of '@aws-sdk/credential-provider-node'",
      );
    }
    return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  };
}

/** Lambda's credentials outlive the execution environment, so they are never refreshed. */
export const credentialsWillNeedRefresh = (): boolean => false;
export const credentialsTreatedAsExpired = (): boolean => false;
