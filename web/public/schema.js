// The page at /schema: swagger-ui, with nothing from elsewhere.

SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#schema",
  deepLinking: true,
  validatorUrl: null, // the default asks a host on the internet
});
