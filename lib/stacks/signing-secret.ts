/** Secrets that sign or verify something: made by Secrets Manager and known to nobody. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from '../constructs/index.ts';
import type { EventFunction } from '../constructs/index.ts';

/** Characters, each of 62: more bits than the hash has. */
const SECRET_LENGTH = 64;

/** @param whyNoRotation why nobody rotates it by a schedule */
export function createSecret(
  scope: Construct,
  id: string,
  description: string,
  whyNoRotation: string,
): Secret {
  const secret = new Secret(scope, id, {
    description,
    generateSecretString: { passwordLength: SECRET_LENGTH, excludePunctuation: true },
  });
  acknowledge(secret, 'AwsSolutions-SMG4', whyNoRotation);
  return secret;
}

/** Lets the function read the secret, whose ARN the variable tells it. Not the secret's own grant, which adds the right to describe it. */
export function readSecret(
  reader: Pick<EventFunction, 'function' | 'grantPrincipal'>,
  secret: Secret,
  variable: string,
): void {
  reader.function.addEnvironment(variable, secret.secretArn);
  reader.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secret.secretArn] }),
  );
}
