/** The application, with the checks for messages that would be lost in silence. Accounts and Region: cdk.json, or `-c`. */
import { App, Validations } from 'aws-cdk-lib';
import { WaybillChecks } from 'waybill/nag';
import { createApplication } from './application.ts';

const app = new App();
const context = (name: string) => String(app.node.getContext(name));
createApplication(app, {
  region: context('region'),
  shopAccount: context('shopAccount'),
  carrierAccount: context('carrierAccount'),
});
Validations.of(app).addPlugins(new WaybillChecks(app));
app.synth();
