/** What the tests of the guards share: an assembly from a CDK app or a bare template, and what a guard finds in it. */
import { App, Stack } from 'aws-cdk-lib';
import { assemblyOf, messagingOf } from '../../../lib/assembly/index.ts';
import type { Assembly, Messaging, Template } from '../../../lib/assembly/index.ts';
import { readAssembly } from '../../../lib/assembly/index.ts';
import type { Guard } from '../../../lib/guards/index.ts';

/** The assembly of an application whose stacks are created by the function. */
export function assemblyFrom(
  create: (app: App) => void,
  context: Readonly<Record<string, unknown>> = {},
): Assembly {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { 'aws:cdk:bundling-stacks': [], ...context },
  });
  create(app);
  return readAssembly(app.synth().directory);
}

/** The messaging of one stack of plain CDK, in a known account and Region. */
export function plainStack(
  create: (stack: Stack) => void,
  context?: Readonly<Record<string, unknown>>,
): Messaging {
  return messagingOf(
    assemblyFrom((app) => {
      create(new Stack(app, 'Plain', { env: { account: '111111111111', region: 'eu-west-1' } }));
    }, context),
  );
}

/** Resources as a test writes them, intrinsic functions included. */
export type BareResources = Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;

/** The messaging of bare resources. */
export function template(resources: BareResources): Messaging {
  const bare = { Resources: resources } as Template;
  return messagingOf(
    assemblyOf([{ stackName: 'Bare', account: '111111111111', region: 'eu-west-1', template: bare }]),
  );
}

/** Where the guard finds something: construct paths, with the property. */
export function findingsOf(guard: Guard, messaging: Messaging): readonly string[] {
  return guard.check(messaging).map(({ resource, property }) => `${resource.constructPath} ${property}`);
}
