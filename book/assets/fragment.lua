-- Quarto reads what {{< include >}} names before its pre-render hooks, which make the fragments.
return {
  fragment = function(args)
    local name = "book/_fragments/" .. pandoc.utils.stringify(args[1]) .. ".qmd"
    local file = io.open(pandoc.path.join({ quarto.project.directory, name }))
    if not file then error(name .. " is missing. Run: python3 course.py book") end
    local text = file:read("a")
    file:close()
    if not quarto.doc.is_format("html:js") then -- on paper a tab is a paragraph and no section
      text = text:gsub('%.panel%-tabset group="language"', ".both")
      text = text:gsub("\n## Python\n", "\n**Python**\n"):gsub("\n## R\n", "\n**R**\n")
    end
    return quarto.utils.string_to_blocks(text)
  end,
}
