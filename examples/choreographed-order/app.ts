/** The application; `npx cdk synth` in this folder, with the checks for messages that would be lost in silence. */
import { App, Validations } from 'aws-cdk-lib';
import { WaybillChecks } from 'waybill/nag';
import { ChoreographedOrderStack } from './stack.ts';

const app = new App();
new ChoreographedOrderStack(app, 'ChoreographedOrder');
Validations.of(app).addPlugins(new WaybillChecks(app));
app.synth();
