/** AWS::CloudFormation::Stack: a nested stack, whose template is an asset of the stack around it. */
import { readFile } from 'node:fs/promises';

import type { JsonObject } from '../../../lib/assembly/template.ts';
import { CannotRun, objectProperty, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
const STACK_NAME_LENGTH = 128;

export const NESTED_STACK_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::CloudFormation::Stack': {
    honoured: ['Parameters', 'TemplateURL'],
    inert: ['NotificationARNs', 'Tags', 'TimeoutInMinutes'],
    create: apply,
    replacedOnChange: [],
    update: (_created, properties, _previous, context) => apply(properties, context),
    delete: (created, _properties, context) => context.removeNestedStack(created.physicalId),
  },
};

async function apply(properties: JsonObject, context: ProviderContext): Promise<Created> {
  const url = textProperty(properties, 'TemplateURL') ?? '';
  const file = context.asset(url.split('/').at(-1) ?? '');
  if (file === undefined) throw new CannotRun(`its template ${url} is not an asset of this assembly`);
  const template = JSON.parse(await readFile(file, 'utf8')) as JsonObject;
  const given = objectProperty(properties, 'Parameters');
  const parameters = Object.fromEntries(Object.keys(given).map((name) => [name, asParameter(given, name)]));
  const stackName = context.generatedName(STACK_NAME_LENGTH);
  const { stackId, outputs } = await context.deployNestedStack(stackName, template, parameters);
  return {
    physicalId: stackId,
    attributes: Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [`Outputs.${name}`, value]),
    ),
  };
}

/** A list is handed over as comma-separated text. */
function asParameter(parameters: JsonObject, name: string): string {
  const value = parameters[name];
  return Array.isArray(value) ? value.join(',') : (textProperty(parameters, name) ?? '');
}
