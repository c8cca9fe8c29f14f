// Reads objects of custom resources as a JSON list on standard input, and checks each against its own schema: of the npm packages
// @kubernetes-models. Ends with 1 and says what is wrong. Kinds that it does not know are wrong.
// Run it beside the folder node_modules that has the packages: they can be imported from there alone.
const packages = {
  "cert-manager.io/v1": "@kubernetes-models/cert-manager/cert-manager.io/v1",
  "gateway.networking.k8s.io/v1": "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
};
let text = "";
for await (const chunk of process.stdin) text += chunk;
let wrong = 0;
for (const object of JSON.parse(text)) {
  const name = `${object.kind} ${object.metadata?.name}`;
  try {
    const models = await import(packages[object.apiVersion]);
    const Model = models[object.kind];
    if (!Model) throw new Error(`there is no ${object.kind} in ${object.apiVersion}`);
    new Model(object).validate();
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    wrong += 1;
  }
}
process.exit(wrong ? 1 : 0);
