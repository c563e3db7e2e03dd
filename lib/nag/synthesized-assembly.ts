/**
 * The assemblies of an application that is being synthesized. The templates are read from where they have just been
 * written; names, places and construct paths come from the construct tree, which knows them whether or not the
 * templates carry metadata.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource, NestedStack, Stack, Stage, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { assemblyOf } from '../assembly/index.ts';
import type { Assembly, Resource, SourceStack, Template } from '../assembly/index.ts';
import { readTopology, TOPOLOGY_FILE_NAME } from '../topology/index.ts';

/**
 * One assembly for the application and one for each of its stages: these are deployed by themselves, often with stacks
 * of the same names in other accounts, and refer to nothing of one another.
 *
 * @param root an application whose templates have been written
 */
export function synthesizedAssemblies(root: IConstruct): readonly Assembly[] {
  const byStage = Map.groupBy(root.node.findAll(), (construct) => Stage.of(construct));
  return [...byStage].map(([stage, constructs]) => assemblyFrom(constructs, topologyOf(stage)));
}

function assemblyFrom(constructs: readonly IConstruct[], topology: Assembly['topology']): Assembly {
  const resources = Map.groupBy(constructs.filter(isResource), (resource) => resource.stack);
  const nested = constructs.filter(isNestedStack);
  const templateOf = (stack: Stack): Template => templateWithPaths(stack, resources.get(stack) ?? [], nested);
  const byFile = new Map(nested.map((stack) => [stack.templateFile, stack]));
  return assemblyOf(
    constructs
      .filter((construct) => Stack.isStack(construct))
      .filter((stack) => !stack.nested)
      .map((stack): SourceStack => ({
        stackName: stack.stackName,
        account: known(stack.account),
        region: known(stack.region),
        template: templateOf(stack),
        nestedTemplate: (file) => {
          const inner = byFile.get(file);
          return inner === undefined ? undefined : templateOf(inner);
        },
      })),
    topology,
  );
}

/** The path in the construct tree of the resource itself, with the `/Resource` of an L2's. */
export function constructPathOf({ source, constructPath }: Resource): string {
  const path = source.Metadata?.[PATH];
  return typeof path === 'string' ? path : constructPath;
}

/** Where CDK's command line has CDK write what `app.synth()` alone leaves out. */
const PATH = 'aws:cdk:path';
const NESTED_TEMPLATE = 'aws:asset:path';

function templateWithPaths(
  stack: Stack,
  resources: readonly CfnResource[],
  nested: readonly NestedStack[],
): Template {
  const template = readTemplate(stack);
  const paths = new Map(resources.map((resource) => [logicalIdOf(resource), resource.node.path]));
  const files = new Map(
    nested.flatMap((inner) => {
      const resource = inner.nestedStackResource;
      return resource?.stack === stack ? [[logicalIdOf(resource), inner.templateFile] as const] : [];
    }),
  );
  return {
    ...template,
    Resources: Object.fromEntries(
      Object.entries(template.Resources ?? {}).map(([logicalId, resource]) => {
        const [path, file] = [paths.get(logicalId), files.get(logicalId)];
        const metadata = {
          ...resource.Metadata,
          ...(path === undefined ? {} : { [PATH]: path }),
          ...(file === undefined ? {} : { [NESTED_TEMPLATE]: file }),
        };
        return [logicalId, { ...resource, Metadata: metadata }];
      }),
    ),
  };
}

function readTemplate(stack: Stack): Template {
  const directory = Stage.of(stack)?.outdir ?? '.';
  return JSON.parse(readFileSync(join(directory, stack.templateFile), 'utf8')) as Template;
}

/** Undefined in applications without constructs of Waybill. */
function topologyOf(stage: Stage | undefined): Assembly['topology'] {
  return stage === undefined || !existsSync(join(stage.outdir, TOPOLOGY_FILE_NAME))
    ? undefined
    : readTopology(stage.outdir);
}

function logicalIdOf(resource: CfnResource): string {
  return String(resource.stack.resolve(resource.logicalId));
}

/** Undefined where the stack is agnostic of it. */
function known(place: string): string | undefined {
  return Token.isUnresolved(place) ? undefined : place;
}

function isResource(construct: IConstruct): construct is CfnResource {
  return CfnResource.isCfnResource(construct);
}

function isNestedStack(construct: IConstruct): construct is NestedStack {
  return NestedStack.isNestedStack(construct);
}
