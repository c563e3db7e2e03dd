/** What the tests of the proofs share: plain CDK apps in one line, claims that break, and reports in one line each. */
import { expect } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { FunctionProps } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { assemblyOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly, Json, Template } from '../../../lib/assembly/index.ts';
import { DeliveryError, describeBreak } from '../../../lib/proofs/index.ts';
import type { Proof, ProofKind } from '../../../lib/proofs/index.ts';

/** An app as anybody makes one, without Waybill. */
export function plainApp(): App {
  return new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
}

/** The assembly of an app with one stack. */
export function plainStack(
  build: (stack: Stack) => void,
  props: StackProps = { env: { account: '111111111111', region: 'eu-west-1' } },
): Assembly {
  const app = plainApp();
  build(new Stack(app, 'Shop', props));
  return readAssembly(app.synth().directory);
}

export function plainFunction(
  scope: Construct,
  id: string,
  props: Partial<FunctionProps> = {},
): LambdaFunction {
  return new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => undefined;'),
    ...props,
  });
}

type Properties = Record<string, Json>;

/**
 * The assembly with a mistake in it.
 * @param type the type of the resources that are changed, those whose logical id begins with the prefix
 * @param change gets a copy of the properties; what it returns takes their place, undefined removes the resource
 */
export function changed(
  { stacks, resources: resolved, topology }: Assembly,
  type: string,
  prefix: string,
  change: (properties: Properties) => Properties | undefined,
): Assembly {
  let hits = 0;
  const paths = new Map(
    resolved.map(({ stack, logicalId, constructPath }) => [`${stack.stackName} ${logicalId}`, constructPath]),
  );
  const sources = stacks.map(({ stackName, isPlaced, accountId, region, template }) => {
    const resources = Object.entries(template.Resources ?? {}).flatMap(([logicalId, resource]) => {
      if (resource.Type !== type || !logicalId.startsWith(prefix)) return [[logicalId, resource] as const];
      hits += 1;
      const properties = change(structuredClone(resource.Properties ?? {}) as Properties);
      return properties === undefined ? [] : [[logicalId, { ...resource, Properties: properties }] as const];
    });
    return {
      stackName,
      ...(isPlaced ? { account: accountId, region } : {}),
      template: { ...template, Resources: Object.fromEntries(resources) } as Template,
      constructPath: (logicalId: string) => paths.get(`${stackName} ${logicalId}`),
    };
  });
  if (hits === 0) throw new Error(`no ${type} begins with ${prefix}`);
  return assemblyOf(sources, topology);
}

/** The message of the error with which a claim is refused. */
export function refusal(claim: () => unknown): string {
  try {
    claim();
  } catch (error) {
    expect(error).toBeInstanceOf(DeliveryError);
    return (error as DeliveryError).message;
  }
  return 'it was not refused';
}

/** Every break with its claim, one line each. */
export function broken(proofs: readonly Proof[]): readonly string[] {
  return proofs.flatMap(({ claim, breaks }) => breaks.map((one) => `${claim}: ${describeBreak(one)}`));
}

export function countsOf(proofs: readonly Proof[]): Readonly<Record<ProofKind, number>> {
  const count = (kind: ProofKind): number => proofs.filter((proof) => proof.kind === kind).length;
  return {
    publish: count('publish'),
    delivery: count('delivery'),
    isolation: count('isolation'),
    privilege: count('privilege'),
    alarm: count('alarm'),
  };
}
