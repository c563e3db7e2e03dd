/** The shape of a CloudFormation template as CDK writes it, before any intrinsic function is resolved. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Metadata?: JsonObject;
}

export interface TemplateParameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly Description?: string;
  readonly NoEcho?: boolean | string;
  readonly AllowedValues?: readonly (string | number)[];
}

export interface TemplateOutput {
  readonly Value: Json;
  readonly Description?: string;
  readonly Export?: { readonly Name: Json };
  readonly Condition?: string;
}

export interface Template {
  readonly Description?: string;
  readonly Metadata?: JsonObject;
  readonly Parameters?: { readonly [name: string]: TemplateParameter };
  readonly Mappings?: {
    readonly [map: string]: { readonly [top: string]: { readonly [second: string]: Json } };
  };
  readonly Conditions?: { readonly [name: string]: Json };
  readonly Resources?: { readonly [logicalId: string]: TemplateResource };
  readonly Outputs?: { readonly [name: string]: TemplateOutput };
  readonly Transform?: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}
